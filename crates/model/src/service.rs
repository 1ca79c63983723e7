//! Names of well-known ports, from a table of our own: the suspect's `/etc/services`
//! is not asked.
