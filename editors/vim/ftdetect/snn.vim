autocmd BufNewFile,BufRead *.snn setfiletype snn
