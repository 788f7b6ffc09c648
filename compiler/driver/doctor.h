/* doctor.h: what is built in, and what of the system is there. */
#ifndef SNNC_DRIVER_DOCTOR_H
#define SNNC_DRIVER_DOCTOR_H

#include "driver/pipeline.h"

int command_doctor(Compilation *c);

#endif
