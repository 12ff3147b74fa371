//! Memory that grows with what a file really holds, and never beyond what is allowed.

use std::io;

/// Makes room for `more` elements in a vector that will never have more than `most`. It grows by half, so that it is copied
/// seldom, and not beyond `most`, where `Vec` itself may take twice as much.
pub(crate) fn reserve<T>(vec: &mut Vec<T>, more: usize, most: usize) -> io::Result<()> {
    let needed = vec.len().saturating_add(more);
    if needed <= vec.capacity() {
        return Ok(());
    }
    let grown = vec.capacity() + vec.capacity() / 2;
    let capacity = needed.max(grown.min(most));
    vec.try_reserve_exact(capacity - vec.len())
        .map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))
}

/// Whether so many elements can be held at all.
pub(crate) fn fits<T>(elements: usize) -> bool {
    Vec::<T>::new().try_reserve_exact(elements).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_is_allowed() {
        for (most, step) in [(1000, 1), (1000, 7), (1 << 20, 3073), (1, 1)] {
            let mut vec: Vec<u8> = Vec::new();
            while vec.len() + step <= most {
                reserve(&mut vec, step, most).unwrap();
                assert!(vec.capacity() <= most);
                vec.resize(vec.len() + step, 0);
            }
        }
        // What the caller needs anyhow it gets, whatever it said before.
        let mut vec: Vec<u8> = Vec::new();
        reserve(&mut vec, 10, 5).unwrap();
        assert_eq!(vec.capacity(), 10);
    }

    #[test]
    fn what_no_memory_holds_is_an_error() {
        assert!(reserve(&mut vec![0_u64; 3], usize::MAX, usize::MAX).is_err());
        assert!(!fits::<u64>(usize::MAX) && !fits::<u8>(1 << 62) && fits::<u64>(1000));
    }
}
