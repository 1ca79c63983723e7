//! Every target: the name of the program says which parser it is for.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foreign::run(env!("CARGO_BIN_NAME"), bytes));
