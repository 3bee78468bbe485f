//! A forward pass allocates nothing once its buffers have grown: no allocator runs between two tokens.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

thread_local! {
    /// Allocations of this thread.
    static N_ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        N_ALLOCATIONS.set(N_ALLOCATIONS.get() + 1);
        // SAFETY: the caller guarantees the layout.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(job: impl FnOnce()) -> usize {
    let before = N_ALLOCATIONS.get();
    job();
    N_ALLOCATIONS.get() - before
}

#[test]
fn a_pass_allocates_nothing_once_its_buffers_have_grown() {
    for weight_type in [WeightType::F32, WeightType::Q8] {
        let (config, file) = common::model_files(common::fixture_path("models/base"));
        let mut reader = CheckpointReader::new(&config, weight_type).unwrap();
        reader.push(&file).unwrap();
        let mut cache = KvCache::new(&config);
        let mut model = Gpt2::new(config, reader.finish().unwrap()).unwrap();
        model.forward_all(&[1, 2, 3, 4, 5, 6, 7, 8], &mut cache).unwrap();
        cache.truncate(2);
        let n_prefill = allocations(|| model.read(&[3, 4, 5, 6], &mut cache).unwrap());
        let n_decode = allocations(|| _ = model.forward(&[7], &mut cache).unwrap());
        cache.branch(3, 2);
        let n_branches = allocations(|| _ = model.forward_branches(&[1, 2, 3], &[0, 1, 2], &mut cache).unwrap());
        assert_eq!((n_prefill, n_decode, n_branches), (0, 0, 0), "{weight_type:?}");
    }
}
