//! Matrix products: int8 equals the scalar oracle bit for bit, within its rounding error of float32; float32 agrees
//! with candle. Runs natively, and in the browser on SIMD.

use candle_core::{Device, Tensor};
use half::bf16;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
#[cfg(target_arch = "wasm32")]
use write_with_distilgpt2::kernels;
use write_with_distilgpt2::kernels::blocks::BLOCK_ROWS;
use write_with_distilgpt2::kernels::float32::{self, F32x4, matrix::Float32Matrix};
use write_with_distilgpt2::kernels::int8::activations::QuantizedRows;
use write_with_distilgpt2::kernels::int8::{matmul, matrix::Int8Matrix, scalar};
use write_with_distilgpt2::kernels::pool::columns::Columns;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Without it, a mistake in the build would leave the SIMD code untested.
#[cfg(target_arch = "wasm32")]
#[test]
fn the_build_has_simd_unless_it_is_to_have_none() {
    assert_eq!(kernels::HAS_SIMD, option_env!("WITHOUT_SIMD").is_none());
}

/// `n` values uniform in [-1, 1], one in fifty of them a hundred times as large, as in GPT-2's residual stream.
fn values(rng: &mut ChaCha8Rng, n: usize) -> Vec<f32> {
    let mut value = || rng.next_u32() as f32 / u32::MAX as f32 * 2.0 - 1.0;
    (0..n)
        .map(|i| if i % 50 == 7 { 100.0 * value() } else { value() })
        .collect()
}

fn pack(w: &[f32], n_in: usize) -> Int8Matrix {
    let n_out = w.len() / n_in;
    let mut packed = Int8Matrix::with_capacity(n_out, n_in);
    packed.push_rows(w);
    packed
}

fn quantize(x: &[f32], n_in: usize) -> QuantizedRows {
    let mut rows = QuantizedRows::default();
    rows.set(x, n_in);
    rows
}

/// All combinations of `(t, n_out, n_in)` around the boundaries of blocks, tiles and groups.
fn shapes() -> impl Iterator<Item = (usize, usize, usize)> {
    let t = [1, 2, 3, 4, 5, 8, 9];
    let n_out = [1, 7, 8, 9, 16, 33];
    let n_in = [32, 64, 96, 768];
    t.into_iter().flat_map(move |t| {
        n_out
            .into_iter()
            .flat_map(move |n_out| n_in.into_iter().map(move |n_in| (t, n_out, n_in)))
    })
}

#[test]
fn products_equal_the_scalar_oracles_bit_for_bit() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for (t, n_out, n_in) in shapes() {
        let x = quantize(&values(&mut rng, t * n_in), n_in);
        let w = pack(&values(&mut rng, n_out * n_in), n_in);
        let bias = values(&mut rng, n_out);
        let (mut found, mut expected) = (vec![f32::NAN; t * n_out], vec![f32::NAN; t * n_out]);
        matmul(&x, &w, Some(&bias), &mut found);
        scalar::matmul(&x, &w, Some(&bias), Columns::all(&mut expected, (t, n_out)));
        assert_eq!(found, expected, "{t} x {n_in} x {n_out}");
    }
}

#[test]
fn products_are_as_close_to_float32_as_their_groups_allow() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (t, n_out, n_in) in shapes() {
        let x = values(&mut rng, t * n_in);
        let w = values(&mut rng, n_out * n_in);
        let mut found = vec![0.0; t * n_out];
        matmul(&quantize(&x, n_in), &pack(&w, n_in), None, &mut found);
        for (i, y) in found.iter().enumerate() {
            let (x, w) = (&x[i / n_out * n_in..][..n_in], &w[i % n_out * n_in..][..n_in]);
            let exact: f64 = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
            // Rounding errs by at most half a step. A step is 1/32767 of the largest value in a row of x, or 1/127 of the
            // largest in a group of w, plus 0.8 % for scales in bfloat16.
            let max = |v: &[f32]| v.iter().fold(0.0, |max: f64, x| max.max(f64::from(x.abs())));
            let sum = |v: &[f32]| v.iter().map(|x| f64::from(x.abs())).sum::<f64>();
            let x_step = max(x) / 65534.0;
            let bound: f64 = (x.chunks(32).zip(w.chunks(32)))
                .map(|(x, w)| {
                    let w_step = max(w) / 254.0 * 1.008;
                    x_step * sum(w) + w_step * sum(x) + 32.0 * x_step * w_step
                })
                .sum();
            assert!(
                (f64::from(*y) - exact).abs() <= bound * 1.001,
                "{t} x {n_in} x {n_out}: {y}, exactly {exact}, bound {bound}"
            );
        }
    }
}

#[test]
fn a_dequantized_row_is_within_half_a_step() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let w = values(&mut rng, 19 * 96);
    let packed = pack(&w, 96);
    let mut row = vec![0.0; 96];
    for i in 0..19 {
        packed.dequantize_row(i, &mut row);
        for (found, expected) in row.chunks(32).zip(w[i * 96..][..96].chunks(32)) {
            let step = expected.iter().fold(0.0, |max: f32, x| max.max(x.abs())) / 127.0 * 1.008;
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 0.5001 * step));
        }
    }
}

#[test]
fn rows_may_be_packed_in_any_number_of_calls() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let w = values(&mut rng, 21 * 64);
    let mut in_calls = Int8Matrix::with_capacity(21, 64);
    for (first, n_rows) in [(0, 8), (8, 8), (16, 5)] {
        in_calls.push_rows(&w[first * 64..][..n_rows * 64]);
    }
    let whole = pack(&w, 64);
    assert_eq!(in_calls.n_out(), 21);
    assert!((0..3).all(|block| in_calls.block(block) == whole.block(block)));
}

#[test]
fn columns_are_packed_as_the_rows_of_the_transpose() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for n_out in [1, 8, 21] {
        let rows = values(&mut rng, n_out * 96);
        let columns: Vec<f32> = (0..96).flat_map(|i| rows[i..].iter().step_by(96).copied()).collect();
        let (found, expected) = (Int8Matrix::from_columns(&columns, n_out), pack(&rows, 96));
        assert_eq!((found.n_out(), found.n_in()), (n_out, 96));
        assert!((0..n_out.div_ceil(BLOCK_ROWS)).all(|block| found.block(block) == expected.block(block)));
    }
}

#[test]
fn quantised_values_are_packed_unchanged() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for n_out in [1, 8, 21] {
        let values: Vec<i8> = (0..n_out * 96).map(|_| rng.next_u32() as i8).collect(); // (n_out, 96)
        let scales: Vec<bf16> = (0..n_out * 3)
            .map(|_| bf16::from_bits(0x3F80 + rng.next_u32() as u16 % 256)) // from 1 to 4
            .collect(); // (n_out, 3)
        let packed = Int8Matrix::from_quantized(n_out, 96, |r, i| values[r * 96 + i], |r, g| scales[r * 3 + g]);
        let mut row = vec![0.0; 96];
        for r in 0..n_out {
            packed.dequantize_row(r, &mut row);
            for (i, &found) in row.iter().enumerate() {
                let expected = f32::from(values[r * 96 + i]) * scales[r * 3 + i / 32].to_f32();
                assert_eq!(found, expected, "row {r} of {n_out}, value {i}");
            }
        }
    }
}

#[test]
fn the_largest_values_do_not_overflow() {
    // The largest sum in a group is -32767 * -128 * 32; only int8 files contain -128.
    let n_in = 3072;
    let smallest = Int8Matrix::from_quantized(1, n_in, |_, _| i8::MIN, |_, _| bf16::ONE);
    for (w, expected) in [(pack(&vec![3.0; n_in], n_in), -6.0), (smallest, 256.0)] {
        let mut y = [0.0];
        matmul(&quantize(&vec![-2.0; n_in], n_in), &w, None, &mut y);
        // Half a step of a weight is 1/254 of the largest.
        assert!((y[0] / (expected * n_in as f32) - 1.0).abs() < 1.0 / 254.0, "{}", y[0]);
    }
}

#[test]
fn zero_stays_zero_and_nan_and_infinity_give_nan() {
    let product = |x: f32, w: f32| {
        let mut y = [1.0];
        matmul(&quantize(&[x; 32], 32), &pack(&[w; 32], 32), None, &mut y);
        y[0]
    };
    assert_eq!(product(0.0, 1.0), 0.0);
    assert_eq!(product(1.0, 0.0), 0.0);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(product(bad, 1.0).is_nan());
        assert!(product(1.0, bad).is_nan());
    }
}

#[test]
fn float32_products_agree_with_candle_from_rows_and_from_columns() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for (t, n_out, n_in) in shapes() {
        let x = values(&mut rng, t * n_in);
        let w = values(&mut rng, n_out * n_in);
        let bias = values(&mut rng, n_out);
        let tensor = |values: &[f32], shape: (usize, usize)| Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
        let transposed = tensor(&w, (n_out, n_in)).t().unwrap().contiguous().unwrap(); // (n_in, n_out)
        let product = tensor(&x, (t, n_in)).matmul(&transposed).unwrap(); // (t, n_out)
        let expected = product.broadcast_add(&tensor(&bias, (1, n_out))).unwrap();
        let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
        let mut rows = Float32Matrix::with_capacity(n_out, n_in);
        rows.push_rows(&w);
        let columns: Vec<f32> = transposed.flatten_all().unwrap().to_vec1().unwrap();
        for matrix in [rows, Float32Matrix::from_columns(&columns, n_out)] {
            let mut found = vec![f32::NAN; t * n_out];
            float32::matmul(&x, &matrix, Some(&bias), &mut found);
            for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let (x, w) = (&x[i / n_out * n_in..][..n_in], &w[i % n_out * n_in..][..n_in]);
                // Sums in different orders round differently: n_in roundings each, up as often as down.
                let sum = x.iter().zip(w).map(|(x, w)| (x * w).abs()).sum::<f32>() + bias[i % n_out].abs();
                let bound = f32::EPSILON * (n_in as f32).sqrt() * sum;
                assert!(
                    (found - expected).abs() <= bound,
                    "{t} x {n_in} x {n_out}: {found}, candle's {expected}"
                );
            }
        }
    }
}

#[test]
fn vectors_of_four_equal_the_scalar_oracles_bit_for_bit() {
    /// The bits of a sum of products; all NaN are one, since WebAssembly leaves open which it gives.
    macro_rules! bits {
        ($type:ty, $sum:expr, $a:expr, $b:expr) => {{
            let [sum, a] = [$sum, $a].map(<$type>::load);
            let mut out = [f32::NAN; 4];
            sum.add_product(a, <$type>::splat($b)).store(&mut out);
            out.map(|x| if x.is_nan() { f32::NAN } else { x }.to_bits())
        }};
    }
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    // Any number, often one of the ends of the range: a zero, an infinity or a power of two.
    let mut number = || loop {
        let x = f32::from_bits(rng.next_u32() & if rng.next_u32() % 8 == 0 { 0xFF80_0000 } else { u32::MAX });
        if !x.is_nan() {
            return x;
        }
    };
    for _ in 0..100_000 {
        let (sum, a, b) = ([0; 4].map(|_| number()), [0; 4].map(|_| number()), number());
        let expected: [f32; 4] = std::array::from_fn(|i| sum[i] + a[i] * b);
        let found = bits!(F32x4, &sum, &a, b);
        assert_eq!(
            found,
            bits!(float32::scalar::F32x4, &sum, &a, b),
            "{sum:?} + {a:?} * {b}"
        );
        for (found, expected) in found.map(f32::from_bits).into_iter().zip(expected) {
            assert!(
                found == expected || found.is_nan() && expected.is_nan(),
                "{sum:?} + {a:?} * {b}"
            );
        }
    }
}

#[test]
fn float32_products_take_the_columns_in_their_order() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for (t, n_out, n_in) in shapes() {
        let (x, w, bias) = (
            values(&mut rng, t * n_in),
            values(&mut rng, n_out * n_in),
            values(&mut rng, n_out),
        );
        let mut matrix = Float32Matrix::with_capacity(n_out, n_in);
        matrix.push_rows(&w);
        let mut found = vec![f32::NAN; t * n_out];
        float32::matmul(&x, &matrix, Some(&bias), &mut found);
        for (i, found) in found.iter().enumerate() {
            let (x, w) = (&x[i / n_out * n_in..][..n_in], &w[i % n_out * n_in..][..n_in]);
            let expected = x.iter().zip(w).fold(bias[i % n_out], |sum, (x, w)| sum + w * x);
            assert_eq!(found.to_bits(), expected.to_bits(), "{t} x {n_in} x {n_out}");
        }
    }
}

#[test]
fn a_float32_matrix_splits_at_any_row() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let w = values(&mut rng, 21 * 10);
    for n in [1, 7, 8, 20] {
        let mut matrix = Float32Matrix::with_capacity(21, 10);
        matrix.push_rows(&w);
        let (first, rest) = matrix.split(n);
        assert_eq!((first.n_out(), rest.n_out()), (n, 21 - n));
        let mut row = [0.0; 10];
        for i in 0..21 {
            if i < n {
                first.row(i, &mut row)
            } else {
                rest.row(i - n, &mut row)
            }
            assert_eq!(row, w[i * 10..][..10]);
        }
    }
}
