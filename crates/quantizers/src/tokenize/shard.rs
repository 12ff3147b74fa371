//! Files of tokens.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use seedbed_data::npy::{self, Whole};
use serde::{Deserialize, Serialize};

use super::TokenizeError;
use super::cli::{Container, TokenType};
use super::source::split_name;
use crate::pack;

/// Tokens of one shape: of one item, or of several with their number as the first side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tokens {
    pub(super) shape: Vec<usize>,
    pub(super) tokens: Vec<u64>,
}

/// Tokens of some items.
#[derive(Debug)]
pub(super) struct Part {
    /// The items' names, where they are asked for.
    pub(super) names: Vec<String>,
    pub(super) count: usize,
    /// The shape of an item's tokens.
    pub(super) shape: Vec<usize>,
    pub(super) tokens: Vec<u64>,
}

/// The field of an archive's samples that tokens are.
const FIELD: &str = "tokens.npy";

/// How tokens are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) container: Container,
    pub(super) token_type: TokenType,
    /// Bits that the largest token needs, at least 1.
    pub(super) bits: u32,
}

/// What stands in the first line of a file of packed tokens.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackedHeader {
    bits: u32,
    shape: Vec<usize>,
}

impl Container {
    /// What a file's name ends in.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Packed => "bits",
            Self::Tar => "tar",
        }
    }
}

impl TokenType {
    /// The smallest that has room for the tokens of a codebook of this size.
    pub(super) fn smallest(size: u64) -> Self {
        match size {
            ..=0x1_0000 => Self::U16,
            0x1_0001..=0x1_0000_0000 => Self::U32,
            _ => Self::U64,
        }
    }

    /// An NPY file of tokens.
    fn npy(self, shape: &[usize], tokens: &[u64]) -> Vec<u8> {
        match self {
            Self::U16 => npy::encode(shape, &tokens.iter().map(|&t| t as u16).collect::<Vec<_>>()),
            Self::U32 => npy::encode(shape, &tokens.iter().map(|&t| t as u32).collect::<Vec<_>>()),
            Self::U64 => npy::encode(shape, tokens),
        }
    }
}

impl Layout {
    /// The bytes of a file of tokens.
    pub(super) fn file(&self, name: &str, parts: Vec<Part>) -> Result<Vec<u8>, TokenizeError> {
        match self.container {
            Container::Npy => {
                let Tokens { shape, tokens } = joined(name, parts)?;
                Ok(self.token_type.npy(&shape, &tokens))
            }
            Container::Packed => {
                let Tokens { shape, tokens } = joined(name, parts)?;
                let header = PackedHeader { bits: self.bits, shape };
                let mut file = serde_json::to_vec(&header).expect("numbers can be written");
                file.push(b'\n');
                let packed = pack::pack((&tokens).into(), self.bits);
                file.extend(packed.expect("the bits are those of the largest codebook"));
                Ok(file)
            }
            Container::Tar => self.archive(name, parts),
        }
    }

    fn archive(&self, shard: &str, parts: Vec<Part>) -> Result<Vec<u8>, TokenizeError> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut seen = HashSet::new();
        for part in parts {
            let each = part.tokens.len() / part.count;
            for (name, tokens) in part.names.into_iter().zip(part.tokens.chunks_exact(each)) {
                let path = format!("{name}.{FIELD}");
                if split_name(&path) != Some((&name, FIELD)) {
                    let problem = format!(
                        "a name with a dot, {name:?}, cannot be a sample of an archive: what follows the first dot is read as its field; \
                         rename it, or write --to npy"
                    );
                    return Err(TokenizeError::malformed(shard, problem));
                }
                let file = self.token_type.npy(&part.shape, tokens);
                let mut header = tar::Header::new_ustar();
                header.set_size(file.len() as u64);
                header.set_mode(0o644);
                // Nothing of the time or the user, so that the same tokens are the same bytes.
                header.set_mtime(0);
                archive
                    .append_data(&mut header, &path, &file[..])
                    .map_err(|error| TokenizeError::malformed(shard, format!("{path}: {error}")))?;
                if !seen.insert(path) {
                    let problem = format!("two items are named {name:?}");
                    return Err(TokenizeError::malformed(shard, problem));
                }
            }
        }
        archive.into_inner().map_err(TokenizeError::io(Path::new(shard), "make the archive"))
    }
}

/// The tokens of all items, if those of each have one shape.
fn joined(shard: &str, parts: Vec<Part>) -> Result<Tokens, TokenizeError> {
    let expected = parts.first().map(|part| part.shape.clone()).unwrap_or_default();
    let (mut count, mut tokens) = (0, Vec::new());
    for part in parts {
        if part.shape != expected {
            let name = part.names.into_iter().next().unwrap_or_default();
            let (shard, found) = (shard.to_owned(), part.shape);
            return Err(TokenizeError::Ragged { shard, name, found, expected });
        }
        count += part.count;
        if tokens.is_empty() {
            tokens = part.tokens;
        } else {
            tokens.extend(part.tokens);
        }
    }
    Ok(Tokens { shape: [&[count], &expected[..]].concat(), tokens })
}

/// Reads a file of tokens of any kind: one array, or one for each sample of an archive.
pub(super) fn read(path: &Path) -> Result<Vec<Tokens>, TokenizeError> {
    let malformed = |what: String| TokenizeError::malformed(path, what);
    let is_file = std::fs::metadata(path).map_err(TokenizeError::io(path, "read it"))?.is_file();
    if !is_file {
        return Err(malformed("is not a regular file".into()));
    }
    let bytes = std::fs::read(path).map_err(TokenizeError::io(path, "read it"))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => Ok(vec![array(&bytes).map_err(malformed)?]),
        Some("bits") => Ok(vec![packed(&bytes).map_err(malformed)?]),
        Some("tar") => samples(path, &bytes),
        _ => Err(malformed("is no file of tokens: should end in .npy, .bits or .tar".into())),
    }
}

fn samples(path: &Path, bytes: &[u8]) -> Result<Vec<Tokens>, TokenizeError> {
    let broken = |error: std::io::Error| {
        TokenizeError::malformed(path, format!("is no archive (tar) that can be read: {error}"))
    };
    let mut found = Vec::new();
    for entry in tar::Archive::new(bytes).entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() || !name.ends_with(".npy") {
            continue;
        }
        let mut npy = Vec::new();
        entry.read_to_end(&mut npy).map_err(broken)?;
        let tokens =
            array(&npy).map_err(|what| TokenizeError::malformed(path.join(&name), what))?;
        found.push(tokens);
    }
    if found.is_empty() {
        return Err(TokenizeError::malformed(path, "has no NPY file in it"));
    }
    Ok(found)
}

/// Whole numbers of an NPY file. Those below 0, which name no code, become the largest there are.
fn array(file: &[u8]) -> Result<Tokens, String> {
    let array = npy::Array::parse(file).map_err(|error| error.to_string())?;
    let tokens = match array.whole() {
        Some(Whole::Unsigned(tokens)) => tokens,
        Some(Whole::Signed(tokens)) => tokens.into_iter().map(|token| token as u64).collect(),
        None => {
            let kind = array.kind();
            return Err(format!("has numbers of type {kind:?}; tokens are whole numbers"));
        }
    };
    Ok(Tokens { shape: array.shape().to_vec(), tokens })
}

fn packed(file: &[u8]) -> Result<Tokens, String> {
    let line = file.iter().position(|&byte| byte == b'\n').ok_or("has no first line")?;
    let PackedHeader { bits, shape } = serde_json::from_slice(&file[..line]).map_err(|error| {
        format!("has no first line such as {{\"bits\":10,\"shape\":[1000,1]}}: {error}")
    })?;
    let packed = &file[line + 1..];
    let count = shape.iter().try_fold(1_usize, |n, &side| n.checked_mul(side));
    // Before as much memory is taken: can it be true?
    let fits = |n: &usize| *n as u128 * u128::from(bits.max(1)) <= packed.len() as u128 * 8;
    let count = count.filter(fits).ok_or("is truncated: its shape takes more bytes")?;
    let mut tokens = vec![0; count];
    pack::unpack(packed, bits, (&mut tokens).into()).map_err(|error| error.to_string())?;
    Ok(Tokens { shape, tokens })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(names: &[&str], shape: &[usize], tokens: &[u64]) -> Part {
        let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
        Part { count: names.len(), names, shape: shape.to_vec(), tokens: tokens.to_vec() }
    }

    #[test]
    fn every_kind_of_file_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        for container in [Container::Npy, Container::Packed, Container::Tar] {
            for (token_type, bits) in
                [(TokenType::U16, 10), (TokenType::U32, 17), (TokenType::U64, 63)]
            {
                let parts = vec![
                    part(&["a", "b/c"], &[2, 1], &[1, 2, 3, 1023]),
                    part(&["d"], &[2, 1], &[5, 6]),
                ];
                let layout = Layout { container, token_type, bits };
                let path = dir.path().join(format!("x.{}", container.extension()));
                std::fs::write(&path, layout.file("x", parts).unwrap()).unwrap();
                let found = read(&path).unwrap();
                let all: Vec<u64> = found.iter().flat_map(|t| t.tokens.clone()).collect();
                assert_eq!(all, [1, 2, 3, 1023, 5, 6]);
                let shapes: Vec<Vec<usize>> = found.into_iter().map(|t| t.shape).collect();
                match container {
                    Container::Tar => assert_eq!(shapes, [[2, 1]; 3]),
                    _ => assert_eq!(shapes, [[3, 2, 1]]),
                }
            }
        }
    }

    #[test]
    fn what_one_file_cannot_hold_is_refused() {
        let layout = |container| Layout { container, token_type: TokenType::U16, bits: 4 };
        let says = |container, parts| layout(container).file("x", parts).unwrap_err().to_string();
        let ragged = || vec![part(&["a"], &[2], &[1, 2]), part(&["b"], &[1], &[3])];
        assert!(says(Container::Npy, ragged()).contains("the tokens of b have the shape [1]"));
        assert!(layout(Container::Tar).file("x", ragged()).is_ok());
        let dotted = vec![part(&["a.b"], &[1], &[1])];
        assert!(says(Container::Tar, dotted).contains("a name with a dot, \"a.b\""));
        let twice = vec![part(&["a", "a"], &[1], &[1, 2])];
        assert!(says(Container::Tar, twice).contains("two items are named \"a\""));
    }

    #[test]
    fn damaged_files_are_said_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let says = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            read(&path).unwrap_err().to_string()
        };
        assert!(says("a.bits", b"{\"bits\":10,\"shape\":[4]}\n1234").contains("truncated"));
        assert!(says("a.bits", b"{\"bits\":10,\"shape\":[4]}\n123456").contains("bytes has 6"));
        assert!(says("a.bits", b"{\"bits\":99,\"shape\":[0]}\n").contains("bits is 99"));
        assert!(says("a.bits", b"{}\n").contains("has no first line such as"));
        let huge = format!("{{\"bits\":0,\"shape\":[{}]}}\n", u64::MAX);
        assert!(says("a.bits", huge.as_bytes()).contains("truncated"));
        assert!(says("a.npy", &npy::encode(&[1], &[0.0_f32])).contains("type F32"));
        let short = [&npy::prefix(npy::Kind::U16, &[3])[..], &[0; 4]].concat();
        assert!(says("a.npy", &short).contains("takes 6 bytes, 4 follow"));
        assert!(says("a.tar", &[1; 600]).contains("no archive"));
        assert!(says("a.txt", b"").contains("is no file of tokens"));
    }

    #[test]
    fn signed_tokens_are_read_and_masked_ones_name_no_code() {
        let found = array(&npy::encode(&[2], &[7_i64, -1])).unwrap();
        assert_eq!(found, Tokens { shape: vec![2], tokens: vec![7, u64::MAX] });
    }
}
