/**
 * A lab of its own for each run of the tests (unless SKEIN_LAB_NAME says which): a lab that somebody looks at stays as it is, and two
 * runs on one machine do not meet. The name is made of the pid, so that the next run knows what a killed one left.
 */
process.env.SKEIN_LAB_NAME ??= `test${process.pid.toString(36)}`
