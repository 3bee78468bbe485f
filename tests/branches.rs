//! Branches of the cache: sequences decoded together, in any order, get the same logits as each decoded alone.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{max_difference, random_model};
use proptest::prelude::*;
use std::sync::LazyLock;
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::kv_cache::KvCache;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

static FILES: LazyLock<(Config, Vec<u8>)> = LazyLock::new(|| random_model(1));

fn model() -> (Gpt2, KvCache) {
    let (config, file) = FILES.clone();
    let mut reader = CheckpointReader::new(&config, WeightType::F32).unwrap();
    reader.push(&file).unwrap();
    let cache = KvCache::new(&config);
    (Gpt2::new(config, reader.finish().unwrap()).unwrap(), cache)
}

fn logits_alone(model: &mut Gpt2, ids: &[u32]) -> Vec<f32> {
    model.forward(ids, &mut KvCache::new(&FILES.0)).unwrap().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn branches_know_nothing_of_each_other(
        trunk in prop::collection::vec(0_u32..50257, 1..20),
        // For each step the branches that continue and the first of their token ids.
        steps in prop::collection::vec((prop::sample::subsequence(vec![0, 1, 2], 1..=3), 0_u32..50000), 1..8),
        adopted in 0_usize..3,
    ) {
        let (mut model, mut cache) = model();
        model.read(&trunk, &mut cache).unwrap();
        cache.branch(3, 2);
        let mut texts = vec![trunk.clone(); 3];
        for (going_on, first_id) in steps {
            let ids: Vec<u32> = going_on.iter().map(|&branch| first_id + branch as u32).collect();
            let found = model.forward_branches(&ids, &going_on, &mut cache).unwrap().to_vec();
            for ((&branch, id), found) in going_on.iter().zip(ids).zip(found.chunks_exact(50257)) {
                texts[branch].push(id);
                prop_assert!(max_difference(found, &logits_alone(&mut model, &texts[branch])) < 1e-4);
                prop_assert_eq!(cache.branch_len(branch), texts[branch].len());
            }
        }
        cache.adopt(adopted);
        let text = &mut texts[adopted];
        prop_assert_eq!(cache.len(), text.len());
        text.push(7);
        let found = model.forward(&[7], &mut cache).unwrap().to_vec();
        prop_assert!(max_difference(&found, &logits_alone(&mut model, text)) < 1e-4);
    }
}

#[test]
fn a_full_branch_is_refused_and_nothing_changes() {
    let (mut model, mut cache) = model();
    let trunk: Vec<u32> = (0..39).collect();
    model.read(&trunk, &mut cache).unwrap();
    cache.branch(2, 1);
    model.forward_branches(&[1], &[1], &mut cache).unwrap();
    let error = model.forward_branches(&[2, 2], &[0, 1], &mut cache).unwrap_err();
    assert_eq!(error.code(), "context_full");
    assert_eq!((cache.branch_len(0), cache.branch_len(1)), (39, 40));
    let found = model.forward_branches(&[3], &[0], &mut cache).unwrap().to_vec();
    let whole: Vec<u32> = trunk.into_iter().chain([3]).collect();
    assert!(max_difference(&found, &logits_alone(&mut model, &whole)) < 1e-4);
}
