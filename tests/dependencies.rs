//! Dependencies between the files of src/ point the way that `src/lib.rs` shows. Native only: it reads the sources.
#![cfg(not(target_arch = "wasm32"))]

mod rust_paths;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rust_paths::{Reference, references};

/// The modules that each module may use, as well as everything that those may use.
const MAY_USE: [(&str, &[&str]); 16] = [
    ("wasm", &["suggestion", "scoring", "golden", "weights"]),
    ("eval", &["suggestion", "scoring"]),
    ("suggestion", &["session"]),
    ("golden", &["session"]),
    ("session", &["sequence", "model"]),
    ("scoring", &["generation", "text", "model"]),
    ("sequence", &["generation", "text"]),
    ("weights", &["model"]),
    ("model", &["json", "kernels"]),
    ("kernels", &["math"]),
    ("generation", &["json", "math"]),
    ("text", &["error"]),
    ("json", &["error"]),
    ("error", &[]),
    ("math", &[]),
    ("lib", &[]),
];

/// The crates that only `wasm` may name.
const BORDER: [&str; 3] = ["wasm_bindgen", "js_sys", "web_sys"];

/// A file of the library by the path of its module: `["kernels", "int8"]` for src/kernels/int8/mod.rs.
type Module = Vec<String>;

/// A use of one file by another.
#[derive(Debug)]
struct Edge {
    line: usize,
    to: Module,
}

struct Library {
    /// Path and source of each file.
    files: BTreeMap<Module, (PathBuf, String)>,
}

impl Library {
    /// The files under `src`, without the programs in `src/bin`.
    fn read(src: &Path) -> Library {
        let mut files = BTreeMap::new();
        let mut folders = vec![src.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    if path != src.join("bin") {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let source = fs::read_to_string(&path).unwrap();
                    files.insert(module(path.strip_prefix(src).unwrap()), (path, source));
                }
            }
        }
        Library { files }
    }

    /// A library of sources by their paths in src/.
    fn of(sources: &[(&str, &str)]) -> Library {
        let file = |&(path, source): &(&str, &str)| (module(Path::new(path)), (path.into(), source.into()));
        Library {
            files: sources.iter().map(file).collect(),
        }
    }

    /// The other files that a file uses.
    fn edges(&self, from: &Module) -> Vec<Edge> {
        let to_edge = |reference: Reference| {
            let to = self.file_of(&reference.absolute(from, |child| {
                let path = [&from[..], &[child.to_owned()]].concat();
                self.files.contains_key(&path)
            })?);
            (to != *from).then_some(Edge {
                line: reference.line,
                to,
            })
        };
        references(&self.files[from].1)
            .into_iter()
            .filter_map(to_edge)
            .collect()
    }

    /// The file that defines the item of a path: its longest prefix that is a file.
    fn file_of(&self, path: &[String]) -> Module {
        let lengths = (0..=path.len()).rev();
        let mut modules = lengths.map(|len| path[..len].to_vec());
        modules.find(|module| self.files.contains_key(module)).unwrap()
    }

    /// One line for each edge in the wrong direction, and for each crate of the border named outside `wasm`.
    fn wrong_edges(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (from, (path, source)) in &self.files {
            let (own, place) = (top(from), path.display());
            let allowed = reachable(own);
            for Edge { line, to } in self.edges(from) {
                let to = top(&to);
                if to != own && !allowed.contains(to) {
                    wrong.push(format!(
                        "{place}:{line}: {own} must not use {to}; it may use {allowed:?}"
                    ));
                }
            }
            let border = references(source).into_iter();
            for Reference { line, path } in border.filter(|r| own != "wasm" && BORDER.contains(&r.path[0].as_str())) {
                wrong.push(format!("{place}:{line}: only wasm may name {}", path[0]));
            }
        }
        wrong
    }

    /// The files of a circle, each with the line that uses the next; empty if there is none.
    fn circle(&self) -> Vec<String> {
        let mut done = BTreeSet::new();
        for from in self.files.keys() {
            let mut trail = Vec::new();
            if self.leads_back(from, &mut done, &mut trail) {
                return trail
                    .into_iter()
                    .map(|(from, edge)| self.describe(&from, &edge))
                    .collect();
            }
        }
        Vec::new()
    }

    /// Follows the uses of a file; true if they lead back into the trail, which is then cut down to the circle.
    fn leads_back(&self, from: &Module, done: &mut BTreeSet<Module>, trail: &mut Vec<(Module, Edge)>) -> bool {
        if let Some(start) = trail.iter().position(|(module, _)| module == from) {
            trail.drain(..start);
            return true;
        }
        if done.contains(from) {
            return false;
        }
        for edge in self.edges(from) {
            let to = edge.to.clone();
            trail.push((from.clone(), edge));
            if self.leads_back(&to, done, trail) {
                return true;
            }
            trail.pop();
        }
        done.insert(from.clone());
        false
    }

    fn describe(&self, from: &Module, edge: &Edge) -> String {
        let (from, to) = (&self.files[from].0, &self.files[&edge.to].0);
        format!("{}:{}: uses {}", from.display(), edge.line, to.display())
    }
}

/// The module of a file, by its path in src/.
fn module(path: &Path) -> Module {
    let mut names: Module = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    match names.pop().unwrap().strip_suffix(".rs").unwrap() {
        "mod" | "lib" => {}
        name => names.push(name.to_owned()),
    }
    names
}

fn top(module: &Module) -> &str {
    module.first().map_or("lib", String::as_str)
}

/// All modules that a module may use.
fn reachable(module: &str) -> BTreeSet<&'static str> {
    let (_, direct) = MAY_USE.iter().find(|(name, _)| *name == module).unwrap_or_else(|| {
        panic!("tests/dependencies.rs does not say what {module} may use");
    });
    direct
        .iter()
        .flat_map(|to| reachable(to).into_iter().chain([*to]))
        .collect()
}

/// The library itself: tests run in the project's root.
fn library() -> Library {
    Library::read(Path::new("src"))
}

#[test]
fn dependencies_point_one_way() {
    let wrong = library().wrong_edges();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circle = library().circle();
    assert!(circle.is_empty(), "a circle of files:\n{}", circle.join("\n"));
}

#[test]
fn every_module_named_here_exists() {
    let library = library();
    let names: BTreeSet<&str> = library.files.keys().map(top).collect();
    assert_eq!(MAY_USE.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), names);
}

#[test]
fn an_edge_against_the_direction_is_told_with_its_line() {
    let library = Library::of(&[
        ("lib.rs", ""),
        ("math.rs", "\nuse crate::kernels::int8;"),
        ("kernels/mod.rs", "pub mod int8;"),
        (
            "kernels/int8.rs",
            "use crate::math::exp;\nuse wasm_bindgen::prelude::*;",
        ),
    ]);
    let expected = [
        "kernels/int8.rs:2: only wasm may name wasm_bindgen",
        "math.rs:2: math must not use kernels; it may use {}",
    ];
    assert_eq!(library.wrong_edges(), expected);
}

#[test]
fn a_circle_is_told_file_by_file() {
    let library = Library::of(&[
        ("lib.rs", ""),
        (
            "text/mod.rs",
            "pub mod codec;\npub mod words;\n\npub struct Text(words::Words);",
        ),
        ("text/codec.rs", "use super::words::Words;"),
        ("text/words.rs", "use super::Text;"),
    ]);
    let expected = ["text/mod.rs:4: uses text/words.rs", "text/words.rs:1: uses text/mod.rs"];
    assert_eq!(library.circle(), expected);
}
