//! Numbers in files.

use safetensors::Dtype;
use seedbed_kernels::half::{bf16, f16};

/// Numbers of any type as `f32`.
pub(crate) fn numbers(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F32 => data.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        Dtype::F64 => data.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        Dtype::BF16 => data.as_chunks().0.iter().map(|&b| bf16(u16::from_le_bytes(b))).collect(),
        Dtype::F16 => data.as_chunks().0.iter().map(|&b| f16(u16::from_le_bytes(b))).collect(),
        Dtype::I64 => data.as_chunks().0.iter().map(|&b| i64::from_le_bytes(b) as f32).collect(),
        Dtype::I32 => data.as_chunks().0.iter().map(|&b| i32::from_le_bytes(b) as f32).collect(),
        Dtype::BOOL | Dtype::U8 => data.iter().map(|&b| f32::from(b)).collect(),
        _ => return None,
    })
}
