//! Gzip files of several members, and with zeros after them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Unpacks all members of a gzip file, one after the other. Zeros after a member are padding, as tapes and archives of blocks leave it
/// (`gzip` itself passes over them, too); anything else has to be another member.
pub(crate) struct Members<R>(State<R>);

enum State<R> {
    Within(GzDecoder<R>),
    Over,
}

impl<R: BufRead> Members<R> {
    /// At the start of the first member.
    pub(crate) fn new(reader: R) -> Self {
        Self(State::Within(GzDecoder::new(reader)))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let State::Within(decoder) = &mut self.0 else { return Ok(0) };
            let read = decoder.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let State::Within(decoder) = std::mem::replace(&mut self.0, State::Over) else {
                return Ok(0);
            };
            let mut reader = decoder.into_inner();
            if skip_zeros(&mut reader)? {
                self.0 = State::Within(GzDecoder::new(reader));
            }
        }
    }
}

/// Whether anything follows the zeros.
fn skip_zeros(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let zeros = buffer.iter().take_while(|&&byte| byte == 0).count();
        let all = zeros == buffer.len();
        reader.consume(zeros);
        if !all {
            return Ok(true);
        }
    }
}
