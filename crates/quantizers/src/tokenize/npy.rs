//! NumPy's files: NEP 1.

use std::io::Read;

use safetensors::Dtype;

/// What stands before the numbers of an NPY file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    /// The type of the numbers.
    pub(super) dtype: Dtype,
    /// Whether the highest byte comes first.
    pub(super) swapped: bool,
    /// The sides of the array.
    pub(super) shape: Vec<usize>,
    /// Where the numbers begin.
    pub(super) begin: u64,
}

/// No header of an array is longer; what is says it is none.
const LONGEST: usize = 1 << 16;

/// Reads the header: magic, version, length, a Python dictionary. Or says what is wrong with it.
pub(super) fn read_header(file: &mut impl Read) -> Result<Header, String> {
    let mut first = [0; 8];
    let truncated = |_| "is a truncated NPY file".to_owned();
    file.read_exact(&mut first).map_err(truncated)?;
    if !first.starts_with(b"\x93NUMPY") {
        return Err("is no NPY file (it begins differently)".into());
    }
    let mut length = [0; 4];
    let bytes = match first[6] {
        1 => 2,
        2 | 3 => 4,
        version => return Err(format!("is an NPY file of version {version}; known are 1, 2, 3")),
    };
    file.read_exact(&mut length[..bytes]).map_err(truncated)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(format!("has an NPY header of {length} bytes; should be at most {LONGEST}"));
    }
    let mut header = vec![0; length];
    file.read_exact(&mut header).map_err(truncated)?;
    let header = String::from_utf8_lossy(&header);
    let (dtype, swapped) =
        type_of(entry(&header, "descr").ok_or("is an NPY file without a type")?)?;
    let shape = entry(&header, "shape").and_then(|v| v.strip_prefix('(')?.split(')').next());
    let shape = shape.ok_or("is an NPY file without a shape")?;
    // Python 2 wrote 5L for a long 5.
    let sides = shape.split(',').map(|side| side.trim().trim_end_matches('L'));
    let sides: Option<Vec<usize>> =
        sides.filter(|side| !side.is_empty()).map(|side| side.parse().ok()).collect();
    let shape = sides.ok_or_else(|| format!("is an NPY file of the shape ({shape})"))?;
    let by_columns = entry(&header, "fortran_order").is_some_and(|v| v.starts_with("True"));
    if by_columns && shape.len() > 1 {
        return Err("is an array by columns; save numpy.ascontiguousarray of it".into());
    }
    Ok(Header { dtype, swapped, shape, begin: (8 + bytes + length) as u64 })
}

/// What follows a key of the dictionary, which stands in single or double quotes.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    ['\'', '"'].iter().find_map(|quote| {
        let (_, after) = header.split_once(&format!("{quote}{key}{quote}"))?;
        Some(after.trim_start().strip_prefix(':')?.trim_start())
    })
}

const TYPES: [(&str, Dtype); 11] = [
    ("f2", Dtype::F16),
    ("f4", Dtype::F32),
    ("f8", Dtype::F64),
    ("i1", Dtype::I8),
    ("i2", Dtype::I16),
    ("i4", Dtype::I32),
    ("i8", Dtype::I64),
    ("u1", Dtype::U8),
    ("u2", Dtype::U16),
    ("u4", Dtype::U32),
    ("u8", Dtype::U64),
];

/// The type of the numbers, and whether the highest byte comes first: `<f4` and the like.
fn type_of(value: &str) -> Result<(Dtype, bool), String> {
    let quoted = |quote: char| value.strip_prefix(quote)?.split(quote).next();
    let name = quoted('\'').or_else(|| quoted('"'));
    let (order, kind) = name.and_then(|name| name.split_at_checked(1)).unwrap_or(("", ""));
    let dtype = TYPES.iter().find(|(known, _)| *known == kind).map(|&(_, dtype)| dtype);
    let swapped = match order {
        "<" => Some(false),
        ">" => Some(true),
        "=" => Some(cfg!(target_endian = "big")),
        // Single bytes have no order.
        "|" => dtype.filter(|dtype| dtype.bitsize() == 8).map(|_| false),
        _ => None,
    };
    dtype.zip(swapped).ok_or_else(|| {
        let found = name.unwrap_or("a record type");
        format!(
            "has numbers of type {found}; should be f2, f4, f8, or i1 to i8, u1 to u8 of NumPy's"
        )
    })
}

/// An array of whole numbers as an NPY file of version 1. `bytes` are little-endian numbers of this type.
pub(super) fn file(dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let kind = TYPES.iter().find(|(_, known)| *known == dtype).expect("a type of NumPy's").0;
    let order = if dtype.bitsize() == 8 { '|' } else { '<' };
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    // One side needs its comma, several are written without the last.
    let sides = if shape.len() == 1 { sides.trim_end() } else { sides.trim_end_matches(", ") };
    let mut header =
        format!("{{'descr': '{order}{kind}', 'fortran_order': False, 'shape': ({sides}), }}");
    // The numbers begin at a multiple of 64, after a line's end.
    let unpadded = 10 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(64) - unpadded));
    header.push('\n');
    let mut file = Vec::with_capacity(10 + header.len() + bytes.len());
    file.extend(b"\x93NUMPY\x01\x00");
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for shape in [&[][..], &[3], &[3, 0], &[2, 3, 4]] {
            let written = file(Dtype::U16, shape, &[]);
            assert_eq!(written.len() % 64, 0);
            let header = read_header(&mut &written[..]).unwrap();
            let begin = written.len() as u64;
            let shape = shape.to_vec();
            assert_eq!(header, Header { dtype: Dtype::U16, swapped: false, shape, begin });
        }
    }

    #[test]
    fn other_writers_headers() {
        let with = |version: u8, header: &str| {
            let mut file = b"\x93NUMPY".to_vec();
            file.extend([version, 0]);
            let length = (header.len() as u32).to_le_bytes();
            file.extend(&length[..if version == 1 { 2 } else { 4 }]);
            file.extend(header.as_bytes());
            read_header(&mut &file[..])
        };
        let found = with(2, r#"{"descr":">f8","fortran_order":False,"shape":(5L,2L)}"#).unwrap();
        assert_eq!((found.dtype, found.swapped, &found.shape[..]), (Dtype::F64, true, &[5, 2][..]));
        let says = |version, header| with(version, header).unwrap_err();
        let columns = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}";
        assert!(says(1, columns).contains("ascontiguousarray"));
        assert!(says(1, "{'descr': '<c8', 'shape': (2,)}").contains("numbers of type <c8"));
        assert!(says(1, "{'descr': '<f4', 'shape': (-2,)}").contains("shape (-2,)"));
        assert!(says(9, "").contains("version 9"));
        assert!(read_header(&mut &b"\x93NUMPY\x01\x00\xff"[..]).unwrap_err().contains("truncated"));
        assert!(read_header(&mut &b"PK\x03\x04abcdefg"[..]).unwrap_err().contains("no NPY file"));
    }
}
