//! Windows in the memory of this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

/// Most windows that are remembered; those asked for least are forgotten first.
const CAPACITY: usize = 131_072;

#[derive(Debug)]
struct Window {
    ends: Instant,
    used: u64,
}

/// Windows by key, bounded.
pub(super) struct Memory {
    windows: Cache<String, Arc<Mutex<Window>>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            windows: Cache::new(CAPACITY),
        }
    }
}

impl Memory {
    /// Counts one more, under the window's lock: of parallel requests no two see one number.
    pub(super) fn count(&self, key: &str, interval: Duration) -> (u64, Duration) {
        let now = Instant::now();
        let fresh = || {
            Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Window {
                ends: now + interval,
                used: 0,
            })))
        };
        let window = match self.windows.get_or_insert_with(key, fresh) {
            Ok(window) => window,
            Err(never) => match never {},
        };
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.ends <= now {
            *window = Window {
                ends: now + interval,
                used: 0,
            };
        }
        window.used += 1;
        (window.used, window.ends.saturating_duration_since(now))
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory")
            .field("len", &self.windows.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_window_of_its_own_that_ends() {
        let memory = Memory::default();
        let minute = Duration::from_secs(60);
        assert_eq!(memory.count("a", minute).0, 1);
        let (used, left) = memory.count("a", minute);
        assert!(used == 2 && left <= minute && left > Duration::from_secs(50));
        assert_eq!(memory.count("b", minute).0, 1);
        let short = Duration::from_nanos(1);
        memory.count("c", short);
        while Instant::now().elapsed() < short {}
        assert_eq!(memory.count("c", short).0, 1);
    }

    #[test]
    fn parallel_requests_are_each_counted() {
        let memory = Memory::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..250 {
                        memory.count("a", Duration::from_secs(60));
                    }
                });
            }
        });
        assert_eq!(memory.count("a", Duration::from_secs(60)).0, 1_001);
    }
}
