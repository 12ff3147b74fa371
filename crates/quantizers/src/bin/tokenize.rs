//! Files of vectors or pictures to files of tokens: `tokenize encode --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    seedbed_quantizers::tokenize::main()
}
