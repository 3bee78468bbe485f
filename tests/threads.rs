//! Kernels give the same bits on the thread pool as on a single thread.
#![cfg(not(target_arch = "wasm32"))]

use std::sync::Mutex;
use std::thread;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use write_with_distilgpt2::kernels::activation::Activation;
use write_with_distilgpt2::kernels::attention::{PAGE_LEN, Pages, attention};
use write_with_distilgpt2::kernels::float32::{self, matrix::Float32Matrix};
use write_with_distilgpt2::kernels::int8::{activations::QuantizedRows, matmul, matrix::Int8Matrix};
use write_with_distilgpt2::kernels::layer_norm::layer_norm;
use write_with_distilgpt2::kernels::pool::{self, POOL};

const N_HELPERS: usize = 3;

/// Returns once every helper has run a task.
fn start_helpers() {
    for _ in 0..N_HELPERS {
        thread::spawn(|| POOL.work());
    }
    let seen = Mutex::new(Vec::new());
    while seen.lock().unwrap().len() < 1 + N_HELPERS {
        pool::split(100, 1, &|_| {
            let mut seen = seen.lock().unwrap();
            let id = thread::current().id();
            if !seen.contains(&id) {
                seen.push(id);
            }
            drop(seen);
            thread::yield_now();
        });
    }
}

/// The output of each kernel for the same random inputs.
fn results() -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut values = |n: usize| -> Vec<f32> {
        let mut value = || rng.next_u32() as f32 / u32::MAX as f32 * 4.0 - 2.0;
        (0..n).map(|_| value()).collect()
    };
    let mut results = Vec::new();
    for t in [1, 3, 70] {
        let (n_in, n_out) = (768, 1003);
        let mut x = QuantizedRows::default();
        x.set(&values(t * n_in), n_in);
        let mut packed = Int8Matrix::with_capacity(n_out, n_in);
        packed.push_rows(&values(n_out * n_in));
        let mut product = vec![f32::NAN; t * n_out];
        matmul(&x, &packed, None, &mut product);
        Activation::NewGelu.apply(&mut product);
        results.push(product);

        let mut matrix = Float32Matrix::with_capacity(n_out, n_in);
        matrix.push_rows(&values(n_out * n_in));
        let mut product = vec![f32::NAN; t * n_out];
        float32::matmul(&values(t * n_in), &matrix, None, &mut product);
        results.push(product);

        let mut normalised = vec![f32::NAN; t * n_in];
        layer_norm(&values(t * n_in), &values(n_in), &values(n_in), 1e-5, &mut normalised);
        results.push(normalised);

        let pages = Pages {
            n_head: 12,
            head_dim: 64,
        };
        let (q, kv) = (
            values(t * 768),
            values(100_usize.div_ceil(PAGE_LEN) * pages.page_size()),
        );
        let mut attended = vec![f32::NAN; t * 768];
        attention(&q, &kv, pages, 0.125, |row| (30 + row, &[]), &mut attended);
        results.push(attended);
    }
    results
}

#[test]
fn threads_change_no_bit_of_any_kernel() {
    let alone = results();
    assert!(alone.iter().flatten().all(|x| x.is_finite()));
    start_helpers();
    for _ in 0..20 {
        assert!(results() == alone);
    }
}
