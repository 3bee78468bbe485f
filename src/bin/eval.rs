//! `./build.sh eval`: measures the value of the suggestions on texts; src/eval/mod.rs explains the figures.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use serde_json::json;
use write_with_distilgpt2::eval;
use write_with_distilgpt2::eval::arguments::{Arguments, USAGE};
use write_with_distilgpt2::eval::report::{Report, Row};
use write_with_distilgpt2::model::config::Config;
use write_with_distilgpt2::model::gpt2::Gpt2;
use write_with_distilgpt2::model::matrix::WeightType;
use write_with_distilgpt2::session::Session;
use write_with_distilgpt2::text::codec::Codec;
use write_with_distilgpt2::weights::checkpoint::CheckpointReader;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// int8, the page's type, has the same perplexity within half a percent (tests/accuracy.rs) but is slow natively.
const DTYPE: WeightType = WeightType::F32;

/// A text, with its name in the tables.
struct Text {
    name: String,
    text: String,
}

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<()> {
    let Some(arguments) = Arguments::parse(arguments)? else {
        println!("{USAGE}");
        return Ok(());
    };
    let Arguments {
        model,
        max_bytes,
        seed,
        mut files,
    } = arguments;
    let model = model.unwrap_or_else(|| project("www/models/pocket-gpt2"));
    if files.is_empty() {
        files = sample()?;
    }
    let texts: Result<Vec<Text>> = files.iter().map(|file| read_text(file, max_bytes)).collect();
    let report = Report::new(measure(&texts?, &model, seed)?);
    println!("{}", report.tables());
    let json = json!({
        "model": model,
        "dtype": DTYPE.name(),
        "max_bytes": max_bytes,
        "seed": seed,
        "texts": report.json(),
    });
    let path = project("target/eval/report.json");
    fs::create_dir_all(path.with_file_name(""))?;
    fs::write(&path, format!("{json:#}\n"))?;
    println!("The figures and their counts as JSON: {}", path.display());
    Ok(())
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The project's sample texts.
fn sample() -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(project("tests/fixtures/eval"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    Ok(files)
}

/// The beginning of a file, with "\n" as line ending: a writer types one key for it.
fn read_text(file: &Path, max_bytes: usize) -> Result<Text> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = String::from_utf8(read(file)?)
        .map_err(|error| format!("{} is not UTF-8 text: {error}", file.display()))?
        .replace("\r\n", "\n");
    text.truncate(text.floor_char_boundary(max_bytes));
    if text.trim().is_empty() {
        return Err(format!(
            "{} has only whitespace in its first {} bytes; raise --bytes",
            file.display(),
            text.len()
        )
        .into());
    }
    Ok(Text { name, text })
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// Measures the texts in parallel; every thread has a model of its own.
fn measure(texts: &[Text], model: &Path, seed: u64) -> Result<Vec<Row>> {
    let queue = Mutex::new(texts.iter().enumerate());
    let next = || queue.lock().expect("invariant: nothing panics while it is held").next();
    let work = || -> Result<Vec<(usize, Row)>> {
        let mut session = load(model)?;
        let mut rows = Vec::new();
        while let Some((i, Text { name, text })) = next() {
            eprintln!("Typing {name}, {} of {}", i + 1, texts.len());
            rows.push((i, eval::measure(&mut session, name, text, seed)?));
        }
        Ok(rows)
    };
    let n_threads = thread::available_parallelism()?.get().min(texts.len());
    let mut rows = thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().expect("invariant: errors are returned");
        threads.into_iter().map(join).collect::<Result<Vec<_>>>()
    })?
    .concat();
    rows.sort_by_key(|(i, _)| *i);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn load(folder: &Path) -> Result<Session> {
    let config = Config::from_json(&String::from_utf8(read(&folder.join("config.json"))?)?)?;
    let codec = Codec::from_json(
        &read(&project("www/models/gpt2-tokenizer/tokenizer.json"))?,
        config.vocab_size,
    )?;
    let mut reader = CheckpointReader::new(&config, DTYPE)?;
    reader.push(&read(&folder.join("model.safetensors"))?)?;
    Ok(Session::new(Gpt2::new(config, reader.finish()?)?, codec))
}
