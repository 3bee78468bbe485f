//! A pool of threads that take the chunks of one job at a time.
//!
//! It starts no threads: the page's engine starts Web Workers, each of which calls [`Pool::work`]. Without any, natively or
//! without shared memory, the caller does all the work.
//!
//! A job passes a gate. The caller writes the job, opens the gate and takes chunks itself; a helper enters while the gate
//! is open, takes chunks until none is left, shuts the gate and leaves. The caller returns when the gate is shut and
//! nobody is inside, so a job may borrow from the caller's stack. Products follow each other within microseconds, so
//! waiting threads spin for a while before they sleep.

use std::cell::{Cell, UnsafeCell};
use std::hint::spin_loop;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};

thread_local! {
    /// Whether this thread counts as one inside the gate.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Checks of a condition before a waiting thread goes to sleep: more than fit between two products of a layer, since
/// waking takes longer than that, and few enough that a page at rest uses no core.
const N_SPINS: usize = 200_000;

/// More than one, so that the others take over the chunks of a thread that the system has interrupted.
const CHUNKS_PER_THREAD: usize = 4;

/// The gate's highest bit: the job may have chunks left. The other bits count the helpers inside.
const OPEN: usize = 1 << (usize::BITS - 1);

/// A job: computes one range of its items.
pub type Work<'a> = &'a (dyn Fn(Range<usize>) + Sync);

/// One caller at a time, and the helpers that have called [`Pool::work`].
pub struct Pool {
    n_helpers: AtomicUsize,
    gate: AtomicUsize,
    /// Written by the caller while the gate is shut and nobody is inside, read by helpers inside.
    job: UnsafeCell<Option<Job>>,
    /// The first item that no thread has taken.
    next: AtomicUsize,
    has_failed: AtomicBool,
    caller: Mutex<()>,
    n_asleep: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
}

#[derive(Clone, Copy)]
struct Job {
    work: Work<'static>,
    n_items: usize,
    chunk: usize,
}

// SAFETY: only `job` is not Sync by itself, and the gate keeps its writer and its readers apart.
unsafe impl Sync for Pool {}

impl Pool {
    /// A pool without helpers.
    #[allow(
        clippy::new_without_default,
        reason = "pools are statics, which a default cannot make"
    )]
    pub const fn new() -> Pool {
        Pool {
            n_helpers: AtomicUsize::new(0),
            gate: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            has_failed: AtomicBool::new(false),
            caller: Mutex::new(()),
            n_asleep: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    /// Calls `job` for disjoint ranges that together are `0..n_items`, on all threads, and returns when all are done.
    ///
    /// Ranges start at multiples of `grain`, which should be worth a microsecond at least. While another job runs, even
    /// one that makes this call itself, the caller does all the work.
    ///
    /// # Panics
    /// If a helper has panicked, because its results are missing.
    pub fn split(&self, n_items: usize, grain: usize, job: Work) {
        let n_threads = 1 + self.n_helpers.load(SeqCst);
        let chunk = n_items.div_ceil(n_threads * CHUNKS_PER_THREAD).next_multiple_of(grain);
        if n_threads == 1 || chunk >= n_items {
            return job(0..n_items);
        }
        let Ok(_caller) = self.caller.try_lock() else {
            return job(0..n_items);
        };
        // SAFETY: only the lifetime changes, and `Finish` ends every use of the job before this call ends.
        let work = unsafe { std::mem::transmute::<Work<'_>, Work<'static>>(job) };
        let job = Job { work, n_items, chunk };
        // SAFETY: this call is alone, since it holds `caller`, and the one before left the gate shut and nobody inside.
        unsafe { *self.job.get() = Some(job) };
        self.next.store(0, SeqCst);
        self.gate.store(OPEN, SeqCst);
        self.wake_sleepers();
        let finish = Finish(self);
        self.take_chunks(job);
        drop(finish);
        assert!(!self.has_failed.load(SeqCst), "a thread of the engine failed");
    }

    /// Makes the calling thread a helper, for good.
    ///
    /// # Panics
    /// If a job panics in this thread, which is then to call [`Pool::fail`].
    pub fn work(&self) -> ! {
        self.n_helpers.fetch_add(1, SeqCst);
        loop {
            self.wait_until(|| self.gate.load(SeqCst) & OPEN != 0);
            let enter = |gate| (gate & OPEN != 0).then_some(gate + 1);
            if self.gate.fetch_update(SeqCst, SeqCst, enter).is_ok() {
                IS_INSIDE.set(true);
                // SAFETY: the job is not written while a helper is inside.
                let job = unsafe { *self.job.get() };
                self.take_chunks(job.expect("invariant: the gate opens on a job"));
                self.leave();
            }
        }
    }

    /// Reports that the calling helper has panicked, so that the caller it worked for panics too, instead of waiting.
    pub fn fail(&self) {
        self.has_failed.store(true, SeqCst);
        self.shut();
        if IS_INSIDE.get() {
            self.leave();
        }
    }

    fn take_chunks(&self, job: Job) {
        loop {
            let start = self.next.fetch_add(job.chunk, SeqCst);
            if start >= job.n_items {
                return self.shut();
            }
            (job.work)(start..job.n_items.min(start + job.chunk));
        }
    }

    fn shut(&self) {
        self.gate.fetch_and(!OPEN, SeqCst);
    }

    fn leave(&self) {
        IS_INSIDE.set(false);
        if self.gate.fetch_sub(1, SeqCst) == 1 {
            self.wake_sleepers();
        }
    }

    fn wait_until(&self, is_so: impl Fn() -> bool) {
        for _ in 0..N_SPINS {
            if is_so() {
                return;
            }
            spin_loop();
        }
        let mut sleep = self.sleep.lock().expect("invariant: nothing panics while it is held");
        self.n_asleep.fetch_add(1, SeqCst);
        while !is_so() {
            sleep = self
                .wake
                .wait(sleep)
                .expect("invariant: nothing panics while it is held");
        }
        self.n_asleep.fetch_sub(1, SeqCst);
    }

    /// Follows each change that a thread may wait for. A thread about to sleep either sees the change or is counted here.
    fn wake_sleepers(&self) {
        if self.n_asleep.load(SeqCst) > 0 {
            drop(self.sleep.lock());
            self.wake.notify_all();
        }
    }
}

/// Ends a job, even if its caller panics: shuts the gate and waits for the helpers inside.
struct Finish<'a>(&'a Pool);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.shut();
        self.0.wait_until(|| self.0.gate.load(SeqCst) == 0);
        // SAFETY: the gate is shut and nobody is inside.
        unsafe { *self.0.job.get() = None };
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))] // They start threads of the standard library.
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::LazyLock;
    use std::thread;

    use proptest::prelude::*;

    /// A pool whose helpers end with the process and report a panic, as the page's threads do.
    fn pool(n_helpers: usize) -> &'static Pool {
        let pool: &Pool = Box::leak(Box::new(Pool::new()));
        for _ in 0..n_helpers {
            thread::spawn(|| {
                let _ = catch_unwind(AssertUnwindSafe(|| pool.work()));
                pool.fail();
            });
        }
        while pool.n_helpers.load(SeqCst) < n_helpers {
            thread::yield_now();
        }
        pool
    }

    static POOLS: LazyLock<[&Pool; 4]> = LazyLock::new(|| [0, 1, 2, 3].map(pool));

    fn visits(pool: &Pool, n_items: usize, grain: usize) -> Vec<usize> {
        let visits: Vec<_> = (0..n_items).map(|_| AtomicUsize::new(0)).collect();
        pool.split(n_items, grain, &|range| {
            assert_eq!(range.start % grain, 0);
            assert!(range.end == n_items || range.end % grain == 0);
            for visit in &visits[range] {
                visit.fetch_add(1, SeqCst);
            }
        });
        visits.into_iter().map(AtomicUsize::into_inner).collect()
    }

    proptest! {
        #[test]
        fn every_item_is_visited_once(
            n_helpers in 0_usize..4,
            jobs in prop::collection::vec((0_usize..300, 1_usize..20), 1..50),
        ) {
            let pool = POOLS[n_helpers];
            for (n_items, grain) in jobs {
                prop_assert_eq!(visits(pool, n_items, grain), vec![1; n_items]);
            }
        }
    }

    /// Holds each of `n_threads` threads in its chunk until all are in one.
    fn meet(n_arrived: &AtomicUsize, n_threads: usize) {
        n_arrived.fetch_add(1, SeqCst);
        while n_arrived.load(SeqCst) < n_threads {
            thread::yield_now();
        }
    }

    #[test]
    fn all_threads_work_at_the_same_time_even_after_a_sleep() {
        let pool = pool(2);
        while pool.n_asleep.load(SeqCst) < 2 {
            thread::yield_now();
        }
        let n_arrived = AtomicUsize::new(0);
        pool.split(3 * CHUNKS_PER_THREAD, 1, &|_| meet(&n_arrived, 3));
        assert_eq!(n_arrived.into_inner(), 3 * CHUNKS_PER_THREAD);
    }

    #[test]
    fn a_job_within_a_job_and_one_beside_it_are_done_too() {
        let pool = pool(1);
        pool.split(8, 1, &|_| assert_eq!(visits(pool, 100, 1), [1; 100]));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..100).for_each(|_| assert_eq!(visits(pool, 100, 7), [1; 100])));
            }
        });
    }

    #[test]
    fn a_helper_that_panics_fails_the_job_instead_of_stalling_it() {
        let pool = pool(2);
        let caller = thread::current().id();
        let n_arrived = AtomicUsize::new(0);
        let split = catch_unwind(AssertUnwindSafe(|| {
            pool.split(3 * CHUNKS_PER_THREAD, 1, &|_| {
                meet(&n_arrived, 3);
                assert_eq!(thread::current().id(), caller, "as a test");
            });
        }));
        let message = *split.unwrap_err().downcast::<&str>().unwrap();
        assert_eq!(message, "a thread of the engine failed");
    }

    #[test]
    fn a_failure_outside_a_job_leaves_the_gate_as_it_was() {
        let pool = Pool::new();
        pool.fail();
        assert_eq!(pool.gate.load(SeqCst), 0);
    }

    #[test]
    fn a_caller_that_panics_waits_for_its_helpers() {
        let pool = pool(1);
        let caller = thread::current().id();
        let (n_arrived, n_left) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let split = catch_unwind(AssertUnwindSafe(|| {
            pool.split(2 * CHUNKS_PER_THREAD, 1, &|_| {
                meet(&n_arrived, 2);
                assert_ne!(thread::current().id(), caller, "as a test");
                thread::yield_now();
                n_left.fetch_add(1, SeqCst);
            });
        }));
        assert!(split.is_err());
        assert_eq!(pool.gate.load(SeqCst), 0);
        assert_eq!(n_left.into_inner(), n_arrived.into_inner() - 1);
    }
}
