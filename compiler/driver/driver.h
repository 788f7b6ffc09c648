/* driver.h: the tool: one compilation from the command line to the exit code. */
#ifndef SNNC_DRIVER_DRIVER_H
#define SNNC_DRIVER_DRIVER_H

int driver_main(int argc, char **argv);

#endif
