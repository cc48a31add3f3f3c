//! One target tried for a while: in a worker process, under the eyes of its parent.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use flagdeck_core::diff::documents::thousands;

use crate::mutate::Mutator;
use crate::targets::Target;

/// Longer than any input may take, also in a debug build on a busy machine.
const INPUT_TIME_MAX: Duration = Duration::from_secs(5);
/// After its time, before a worker counts as hanging.
const GRACE: Duration = Duration::from_secs(20);
/// For making an input that fails smaller.
const SHRINK_TIME: Duration = Duration::from_secs(5);
/// Inputs that are kept as examples.
const EXAMPLES_MAX: usize = 4000;

/// What came of a target.
pub enum Outcome {
    /// Every input held.
    Held {
        /// How many there were.
        inputs: usize,
    },
    Failed,
}

/// Runs a worker, tells what came of it, and keeps the input that it failed at.
pub fn supervise(target: &Target, time: Duration, seed: u64) -> Outcome {
    let started = Instant::now();
    let mut worker = spawn(target, time, seed).expect("this program can be started again");
    let output = worker.stdout.take().expect("standard output is piped");
    let reader = thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).last());
    let status = ended(&mut worker, time + GRACE);
    let last = reader.join().expect("the reader does not panic");
    let told = last.as_deref().and_then(Told::parse);
    match (status, told) {
        (Some(status), Some(told)) if status.success() => {
            println!(
                "fuzz {:<12} {:>10} inputs, {} kinds of answer",
                target.name,
                thousands(told.inputs),
                told.kinds
            );
            Outcome::Held {
                inputs: told.inputs,
            }
        }
        (status, _) => {
            tell_failure(target, status, started.elapsed());
            Outcome::Failed
        }
    }
}

fn spawn(target: &Target, time: Duration, seed: u64) -> io::Result<Child> {
    fs::create_dir_all(folder())?;
    Command::new(std::env::current_exe()?)
        .args(["worker", target.name])
        .args([time.as_millis().to_string(), seed.to_string()])
        .stdout(Stdio::piped())
        .spawn()
}

/// Waits for the end of a worker; kills it and returns `None` if it hangs.
fn ended(worker: &mut Child, time_max: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + time_max;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = worker.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = worker.kill();
    let _ = worker.wait();
    None
}

fn tell_failure(target: &Target, status: Option<ExitStatus>, after: Duration) {
    let current = current(target);
    let input = fs::read(&current).unwrap_or_default();
    let file = kept(target, &input);
    let how = match status {
        None => format!("an input did not end within {after:.0?}"),
        Some(status) => format!("an input failed ({status})"),
    };
    if let Err(error) = fs::rename(&current, &file) {
        println!("fuzz {:<12} {how}; it cannot be kept: {error}", target.name);
        return;
    }
    println!(
        "fuzz {name:<12} {how}: {} bytes in {file}\n  \
         again: cargo test --no-default-features --test fuzz -- repeat {name} {file}\n  \
         as an example: cp {file} tests/fuzz/seeds/{name}/",
        input.len(),
        name = target.name,
        file = file.display()
    );
}

/// Tries a target until its time is over or an input fails. The input being tried is in a file,
/// so that it is there whatever happens to this process.
pub fn work(target: &Target, time: Duration, seed: u64) -> ExitCode {
    let mut campaign = Campaign::new(target, seed).expect("the folder of inputs can be written");
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let failed = campaign.run(Instant::now() + time);
    let Some(input) = failed else {
        let told = Told {
            inputs: campaign.inputs,
            kinds: campaign.seen.len(),
        };
        println!("{}", told.text());
        return ExitCode::SUCCESS;
    };
    let small = campaign.shrink(input);
    panic::set_hook(hook);
    // Tells the panic, which was silent until here.
    campaign.tried(&small);
    ExitCode::FAILURE
}

/// A target, and what is known of it so far.
struct Campaign<'a> {
    target: &'a Target,
    mutator: Mutator,
    examples: Vec<Vec<u8>>,
    /// The kinds of answers.
    seen: HashSet<u64>,
    inputs: usize,
    current: File,
}

/// What became of an input.
enum Tried {
    /// It held, and this is the kind of its answer.
    Held(u64),
    Failed,
}

impl<'a> Campaign<'a> {
    fn new(target: &'a Target, seed: u64) -> io::Result<Self> {
        let examples = target.examples()?;
        assert!(!examples.is_empty(), "{} has no examples", target.name);
        Ok(Self {
            target,
            mutator: Mutator::new(seed, target.words),
            examples,
            seen: HashSet::new(),
            inputs: 0,
            current: File::create(current(target))?,
        })
    }

    /// Tries inputs, the examples first; returns the first that fails.
    fn run(&mut self, deadline: Instant) -> Option<Vec<u8>> {
        for at in 0..self.examples.len() {
            let input = self.examples[at].clone();
            match self.tried(&input) {
                Tried::Held(kind) => self.seen.insert(kind),
                Tried::Failed => return Some(input),
            };
        }
        while Instant::now() < deadline {
            let input = self.mutator.input(&self.examples);
            match self.tried(&input) {
                Tried::Held(kind) => {
                    if self.seen.insert(kind) && self.examples.len() < EXAMPLES_MAX {
                        self.examples.push(input);
                    }
                }
                Tried::Failed => return Some(input),
            }
        }
        None
    }

    fn tried(&mut self, input: &[u8]) -> Tried {
        self.inputs += 1;
        self.note(input)
            .expect("the file of the input can be written");
        match self.held(input) {
            Some((_, time)) if time > INPUT_TIME_MAX => match self.held(input) {
                // Once may be the machine's fault.
                Some((kind, time)) if time <= INPUT_TIME_MAX => Tried::Held(kind),
                _ => Tried::Failed,
            },
            Some((kind, _)) => Tried::Held(kind),
            None => Tried::Failed,
        }
    }

    /// Returns the kind of the answer and the time it took; `None` after a panic.
    fn held(&self, input: &[u8]) -> Option<(u64, Duration)> {
        let started = Instant::now();
        let check = self.target.check;
        let kind = panic::catch_unwind(AssertUnwindSafe(|| check(input))).ok()?;
        Some((kind, started.elapsed()))
    }

    fn note(&mut self, input: &[u8]) -> io::Result<()> {
        self.current.rewind()?;
        self.current.write_all(input)?;
        self.current.set_len(input.len() as u64)
    }

    /// Leaves out of an input that fails what it fails without.
    fn shrink(&mut self, mut input: Vec<u8>) -> Vec<u8> {
        let deadline = Instant::now() + SHRINK_TIME;
        let mut length = input.len() / 2;
        while length > 0 {
            let mut at = 0;
            while at < input.len() && Instant::now() < deadline {
                let end = input.len().min(at + length);
                let shorter = [&input[..at], &input[end..]].concat();
                match self.tried(&shorter) {
                    Tried::Failed => input = shorter,
                    Tried::Held(_) => at = end,
                }
            }
            length /= 2;
        }
        input
    }
}

/// What a worker tells its parent in the last line.
struct Told {
    inputs: usize,
    kinds: usize,
}

impl Told {
    fn text(&self) -> String {
        format!("{} {}", self.inputs, self.kinds)
    }

    fn parse(line: &str) -> Option<Self> {
        let (inputs, kinds) = line.split_once(' ')?;
        Some(Self {
            inputs: inputs.parse().ok()?,
            kinds: kinds.parse().ok()?,
        })
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/fuzz"))
}

/// The file of the input that is being tried.
fn current(target: &Target) -> PathBuf {
    folder().join(format!("{}.current", target.name))
}

/// The file of an input that failed.
fn kept(target: &Target, input: &[u8]) -> PathBuf {
    let hash = blake3::hash(input).to_hex();
    folder().join(format!("{}-{}.input", target.name, &hash[..12]))
}
