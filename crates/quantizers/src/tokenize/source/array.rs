//! One large array, of which rows are read: an NPY file, or a tensor of a safetensors file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;
use seedbed_data::npy::{self, Kind, NpyError};

use super::{About, Fingerprint, Reading, Run, Source, Wanted, open_regular};
use crate::numbers::numbers;
use crate::tokenize::TokenizeError;

/// Numbers that are read at a time: what is read is quantized while it is in cache.
const AT_ONCE: usize = 1 << 20;

/// Where the numbers of an array are in a file, and what they are.
struct Header {
    dtype: Dtype,
    /// Whether the highest byte comes first.
    swapped: bool,
    shape: Vec<usize>,
    begin: u64,
}

impl Header {
    /// That of an NPY file, of which so many bytes follow the header.
    fn of_npy(header: npy::Header, numbers: u64) -> Result<Self, NpyError> {
        header.check_length(numbers)?;
        if header.by_columns {
            return Err(NpyError::ByColumns);
        }
        let npy::Header { kind, big_endian, shape, begin, .. } = header;
        Ok(Self { dtype: dtype(kind), swapped: big_endian, shape, begin })
    }
}

/// The name that safetensors files give to a type of NumPy's.
fn dtype(kind: Kind) -> Dtype {
    match kind {
        Kind::F16 => Dtype::F16,
        Kind::F32 => Dtype::F32,
        Kind::F64 => Dtype::F64,
        Kind::I8 => Dtype::I8,
        Kind::I16 => Dtype::I16,
        Kind::I32 => Dtype::I32,
        Kind::I64 => Dtype::I64,
        Kind::U8 => Dtype::U8,
        Kind::U16 => Dtype::U16,
        Kind::U32 => Dtype::U32,
        Kind::U64 => Dtype::U64,
    }
}

/// No header of a safetensors file is longer.
const LONGEST_HEADER: u64 = 100 << 20;

pub(super) struct Array {
    path: PathBuf,
    file: File,
    header: Header,
    /// Whether numbers are bytes from 0 to 255 that stand for 0 to 1.
    bytes: bool,
    /// The shape of an item, as the quantizer takes it.
    item: Vec<usize>,
    about: About,
}

impl Array {
    pub(super) fn npy(path: &Path, wanted: Wanted) -> Result<Self, TokenizeError> {
        let (mut file, metadata) = open_regular(path)?;
        let header = npy::Header::read(&mut file)
            .and_then(|header| {
                let numbers = metadata.len().saturating_sub(header.begin);
                Header::of_npy(header, numbers)
            })
            .map_err(|error| TokenizeError::malformed(path, error.to_string()))?;
        let mut fingerprint = Fingerprint::default();
        fingerprint.add("", &metadata);
        Self::new(path, file, header, wanted, fingerprint)
    }

    pub(super) fn safetensors(
        path: &Path,
        wanted: Wanted,
        reading: &Reading,
    ) -> Result<Self, TokenizeError> {
        let (mut file, metadata) = open_regular(path)?;
        let malformed = |what: String| {
            TokenizeError::malformed(path, format!("is no safetensors file: {what}"))
        };
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| malformed("it is too short".into()))?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER.min(metadata.len().saturating_sub(8)) {
            return Err(malformed(format!("its header would have {length} bytes")));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(TokenizeError::io(path, "read its header"))?;
        let tensors: Metadata =
            serde_json::from_slice(&header).map_err(|error| malformed(error.to_string()))?;
        if 8 + length + tensors.data_len() as u64 != metadata.len() {
            return Err(malformed("it is truncated, or goes on after its last tensor".into()));
        }
        let mut known = tensors.offset_keys();
        known.sort();
        let name = match (&reading.tensor, &known[..]) {
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, _) => {
                let problem =
                    format!("which tensor of {}? there are: {}", path.display(), known.join(", "));
                return Err(TokenizeError::option("--tensor", problem));
            }
        };
        let Some(info) = tensors.info(name) else {
            return Err(TokenizeError::Missing {
                file: path.into(),
                what: "tensor",
                name: name.clone(),
                known,
            });
        };
        let header = Header {
            dtype: info.dtype,
            swapped: false,
            shape: info.shape.clone(),
            begin: 8 + length + info.data_offsets.0 as u64,
        };
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(name, &metadata);
        Self::new(path, file, header, wanted, fingerprint)
    }

    fn new(
        path: &Path,
        file: File,
        header: Header,
        wanted: Wanted,
        fingerprint: Fingerprint,
    ) -> Result<Self, TokenizeError> {
        let Some((&items, item)) = header.shape.split_first().filter(|(_, item)| !item.is_empty())
        else {
            return Err(TokenizeError::Shape {
                file: path.into(),
                what: "an array",
                found: header.shape.clone(),
                expected: "of two axes at least: items, and their numbers".into(),
            });
        };
        let item = shape_of_item(path, item, wanted)?;
        let bytes = check_type(path, header.dtype, wanted)?;
        let about = fingerprint.about(path, items, false);
        Ok(Self { path: path.into(), file, header, bytes, item, about })
    }
}

/// The shape of an item: grey pictures may have no axis of channels.
fn shape_of_item(path: &Path, item: &[usize], wanted: Wanted) -> Result<Vec<usize>, TokenizeError> {
    let mut item = item.to_vec();
    if item.len() == 2 && matches!(wanted, Wanted::Pictures { channels: 1, .. }) {
        item.push(1);
    }
    wanted.check(path, &item)?;
    Ok(item)
}

/// Whether the numbers are pictures' bytes.
fn check_type(path: &Path, dtype: Dtype, wanted: Wanted) -> Result<bool, TokenizeError> {
    let pictures = matches!(wanted, Wanted::Pictures { .. });
    match dtype {
        Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64 => Ok(false),
        Dtype::U8 if pictures => Ok(true),
        other => {
            let right = if pictures { "floats from 0 to 1, or bytes (u8)" } else { "floats" };
            let problem = format!("has numbers of type {other:?}; should be {right}");
            Err(TokenizeError::malformed(path, problem))
        }
    }
}

/// Bytes of a file as numbers for the quantizer.
fn decode(header: &Header, mut raw: Vec<u8>, bytes: bool) -> Vec<f32> {
    if header.swapped {
        raw.chunks_exact_mut(header.dtype.bitsize() / 8).for_each(<[u8]>::reverse);
    }
    let mut data = numbers(header.dtype, &raw).expect("the type was checked");
    if bytes {
        of_bytes(&mut data);
    }
    data
}

/// Bytes from 0 to 255 as 0 to 1.
fn of_bytes(data: &mut [f32]) {
    data.iter_mut().for_each(|x| *x /= 255.0);
}

/// A whole NPY file that is one item: of an archive.
pub(super) fn item_of(
    path: &Path,
    npy: &[u8],
    wanted: Wanted,
) -> Result<(Vec<usize>, Vec<f32>), TokenizeError> {
    let array = npy::Array::parse(npy)
        .map_err(|error| TokenizeError::malformed(path, error.to_string()))?;
    let shape = shape_of_item(path, array.shape(), wanted)?;
    let bytes = check_type(path, dtype(array.kind()), wanted)?;
    let mut data = array.to_f32();
    if bytes {
        of_bytes(&mut data);
    }
    Ok((shape, data))
}

impl Source for Array {
    fn about(&self) -> &About {
        &self.about
    }

    fn name(&self, item: usize) -> String {
        format!("{item:09}")
    }

    fn file(&self, _: usize) -> PathBuf {
        self.path.clone()
    }

    fn at_once(&self) -> usize {
        (AT_ONCE / self.item.iter().product::<usize>()).max(1)
    }

    fn read(&mut self, from: usize, to: usize) -> Result<Vec<Run>, TokenizeError> {
        let item = self.item.iter().product::<usize>() * (self.header.dtype.bitsize() / 8);
        let begin = self.header.begin + from as u64 * item as u64;
        let mut raw = vec![0; (to - from) * item];
        self.file
            .seek(SeekFrom::Start(begin))
            .and_then(|_| self.file.read_exact(&mut raw))
            .map_err(TokenizeError::io(&self.path, "read it"))?;
        let data = decode(&self.header, raw, self.bytes);
        Ok(vec![Run { count: to - from, shape: self.item.clone(), data }])
    }
}
