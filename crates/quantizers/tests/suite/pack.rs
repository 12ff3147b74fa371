use proptest::prelude::*;
use seedbed_quantizers::pack::{bits_for, pack, packed_len, unpack};

proptest! {
    #[test]
    fn indices_come_back(values in prop::collection::vec(any::<u64>(), 0..50), bits in 0_u32..=64) {
        let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
        let indices: Vec<u64> = values.iter().map(|v| v & mask).collect();
        let bytes = pack((&indices).into(), bits).unwrap();
        prop_assert_eq!(bytes.len(), packed_len(indices.len(), bits));
        let mut back = vec![7; indices.len()];
        unpack(&bytes, bits, (&mut back).into()).unwrap();
        prop_assert_eq!(back, indices);
    }
}

#[test]
fn whole_bytes_are_little_endian_integers() {
    let indices = [1_u32, 0xabcd, 0xffff];
    let expected: Vec<u8> = indices.iter().flat_map(|&i| (i as u16).to_le_bytes()).collect();
    assert_eq!(pack((&indices).into(), 16).unwrap(), expected);
    assert_eq!(pack((&[1_u32, 0, 1, 1]).into(), 1).unwrap(), [0b1101]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let says = |e: seedbed_quantizers::QuantizerError| e.to_string();
    let error = pack((&[3_u32, 8]).into(), 3).unwrap_err();
    assert_eq!(says(error), "index 8 at position 1 is out of range: the codebook has 8 codes");
    assert!(says(pack((&[0_u64]).into(), 65).unwrap_err()).contains("at most 64"));
    let mut two = [0_u32; 2];
    let error = unpack(&[0; 3], 8, (&mut two[..]).into()).unwrap_err();
    assert_eq!(says(error), "bytes has 3 entries, but should have 2");
    let error = unpack(&[0xff], 3, (&mut two[..]).into()).unwrap_err();
    assert!(says(error).contains("filled up with zeros"));
    let error = unpack(&[0; 9], 36, (&mut two[..]).into()).unwrap_err();
    assert!(says(error).contains("take the next larger type"));
    assert_eq!(bits_for(u64::MAX), 64);
}
