//! A slab of slots, one for each call in flight: taken and given back without a lock and without allocation.

use std::cell::Cell;
use std::sync::{OnceLock, PoisonError};
use std::task::Waker;

use super::caller::Caller;
use crate::clock::Millis;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The time of something that does not happen.
pub(super) const NEVER: Millis = u64::MAX - 1;
/// In the place of a due time: nobody holds the slot.
const FREE: Millis = u64::MAX;
/// In the place of a due time: nobody holds the slot any more, and the waker of its last call is still there.
const VACATED: Millis = 1;
/// In the place of a due time: it has come.
const EXPIRED: Millis = 0;

/// A model has as few as show what happens when there are more.
const FIRST_CHUNK: u32 = if cfg!(all(test, failover_loom)) { 1 } else { 64 };
const CHUNKS: u32 = 14;
/// How many slots are looked at before there are to be more. Being scattered, they are hardly all taken unless most
/// slots are.
const PROBES: u32 = 64;

/// One call in flight, on a cache line of its own.
///
/// The sweeper may still hold a time that it read of the slot's former call. That does no harm: it only replaces
/// a time that is there and has come, and a wake-up too many is none.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Slot {
    due: AtomicU64,
    silent_since: AtomicU64,
    caller: Caller,
}

impl Slot {
    fn free() -> Self {
        Self { due: AtomicU64::new(FREE), silent_since: AtomicU64::new(NEVER), caller: Caller::default() }
    }

    #[inline]
    fn try_take(&self) -> bool {
        let due = self.due.load(Ordering::Relaxed);
        (due == FREE || due == VACATED)
            && self.due.compare_exchange(due, NEVER, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// From now on the call is watched. No real time is as small as the words that stand in its place.
    #[inline]
    pub(super) fn begin(&self, silent_since: Millis, due: Millis) {
        self.silent_since.store(silent_since, Ordering::Relaxed);
        self.due.store(due.min(NEVER), Ordering::Relaxed);
    }

    /// Whose task to wake. To be called before [`is_expired`](Self::is_expired), so that no wake-up is lost.
    #[inline]
    pub(super) fn register(&self, waker: &Waker) {
        self.caller.register(waker);
    }

    #[inline]
    pub(super) fn is_expired(&self) -> bool {
        self.due.load(Ordering::Acquire) == EXPIRED
    }

    /// Since when the call waits for an answer that may be expected; [`NEVER`] if there is none.
    pub(super) fn silent_since(&self) -> Millis {
        self.silent_since.load(Ordering::Relaxed)
    }

    /// Tells the call that its time is over, if it is. The waker of a vacated slot is dropped by waking it, as a new
    /// call may have put its own there: so calls need not do it, and no finished task's memory is kept for long.
    pub(super) fn expire(&self, now: Millis) {
        let due = self.due.load(Ordering::Relaxed);
        let after = match due {
            EXPIRED => return,
            VACATED => FREE,
            due if due <= now => EXPIRED,
            _ => return,
        };
        if self.due.compare_exchange(due, after, Ordering::Release, Ordering::Relaxed).is_ok() {
            self.wake();
        }
    }

    /// Whether it was not taken since the last sweep.
    pub(super) fn is_idle(&self) -> bool {
        self.due.load(Ordering::Relaxed) == FREE
    }

    pub(super) fn wake(&self) {
        self.caller.wake();
    }
}

thread_local! {
    /// Where this thread looks first: where it last gave a slot back, so that the line is still warm.
    static HINT: Cell<u32> = const { Cell::new(0) };
}

/// The slots of one member. They grow in chunks that double, and stay.
#[derive(Debug)]
pub(super) struct Slots {
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS as usize],
    /// How many slots there are.
    size: AtomicU32,
    /// Held while a chunk is added.
    growing: Mutex<()>,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self {
            chunks: [const { OnceLock::new() }; CHUNKS as usize],
            size: AtomicU32::new(0),
            growing: Mutex::new(()),
        }
    }

    /// Takes a free slot, by one sequentially consistent operation; `None` when a million are in use. It comes with
    /// its index, to [`get`](Self::get) it by at the next look.
    #[inline]
    pub(super) fn take(&self) -> Option<(u32, &Slot)> {
        let mut index = HINT.get();
        let mut seed = u64::from(index);
        loop {
            let size = self.size.load(Ordering::Acquire);
            for _ in 0..PROBES.min(size) {
                if let Some(slot) = (index < size).then(|| self.get(index)).filter(|slot| slot.try_take()) {
                    HINT.set(index + 1);
                    return Some((index, slot));
                }
                index = anywhere(&mut seed, size);
            }
            index = self.grow(size)?;
        }
    }

    /// Gives a slot back that was [taken](Self::take).
    #[inline]
    pub(super) fn release(&self, index: u32) {
        let slot = self.get(index);
        slot.silent_since.store(NEVER, Ordering::Relaxed);
        slot.due.store(VACATED, Ordering::Release);
        HINT.set(index);
    }

    /// As if this thread had never given a slot back.
    #[cfg(all(test, failover_loom))]
    pub(super) fn forget_hint() {
        HINT.set(0);
    }

    /// Whether a slot is taken, as of the one order of all takes and the sweeper's parking.
    pub(super) fn any_in_use(&self) -> bool {
        self.iter().any(|slot| !matches!(slot.due.load(Ordering::SeqCst), FREE | VACATED))
    }

    #[inline]
    #[expect(
        clippy::expect_used,
        reason = "an index is below the size, which grows after its chunk is there"
    )]
    pub(super) fn get(&self, index: u32) -> &Slot {
        let (chunk, offset) = place(index);
        &self.chunks[chunk].get().expect("the chunk of a slot")[offset]
    }

    /// All slots, free ones too: those of a call, too, that took one before this in the one order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        let size = self.size.load(Ordering::SeqCst);
        self.chunks.iter().map_while(OnceLock::get).flatten().take(size as usize)
    }

    /// Adds a chunk, unless somebody did since there were so many slots. Where to look for a free one; `None` if there
    /// is room for no more.
    #[cold]
    fn grow(&self, seen: u32) -> Option<u32> {
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.size.load(Ordering::Acquire) == seen {
            let next = chunk_of(seen);
            let size = start(next + 1) - seen;
            self.chunks.get(next as usize)?.get_or_init(|| (0..size).map(|_| Slot::free()).collect());
            self.size.store(seen + size, Ordering::SeqCst);
        }
        Some(seen)
    }
}

/// The next of a sequence of places below `size` (Knuth's MMIX generator).
fn anywhere(seed: &mut u64, size: u32) -> u32 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (((*seed >> 32) * u64::from(size)) >> 32) as u32
}

/// Where a chunk's first slot stands in the count of all.
const fn start(chunk: u32) -> u32 {
    FIRST_CHUNK * ((1 << chunk) - 1)
}

/// A slot's chunk.
#[inline]
const fn chunk_of(index: u32) -> u32 {
    (index / FIRST_CHUNK + 1).ilog2()
}

/// A slot's chunk, and its place there.
#[inline]
fn place(index: u32) -> (usize, usize) {
    let chunk = chunk_of(index);
    (chunk as usize, (index - start(chunk)) as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_index_has_its_own_place() {
        let mut expected = (0, 0);
        for index in 0..10_000 {
            assert_eq!(place(index), expected);
            expected.1 += 1;
            if expected.1 == (FIRST_CHUNK as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }

    #[test]
    fn slots_grow_when_needed_and_are_used_again() {
        let slots = Slots::new();
        let taken: HashSet<u32> = (0..1000).map(|_| slots.take().unwrap().0).collect();
        assert_eq!(taken.len(), 1000, "nobody shares a slot");
        assert!(slots.any_in_use());
        let size = slots.iter().count();
        taken.into_iter().for_each(|index| slots.release(index));
        assert!(!slots.any_in_use());
        (0..1000).for_each(|_| assert!(slots.take().is_some()));
        assert_eq!(slots.iter().count(), size);
    }

    #[test]
    fn an_expired_slot_is_as_new_for_its_next_call() {
        let slots = Slots::new();
        let (index, slot) = slots.take().unwrap();
        slot.begin(5, 10);
        slots.get(index).expire(9);
        assert!(!slots.get(index).is_expired());
        slots.get(index).expire(10);
        assert!(slots.get(index).is_expired());
        slots.release(index);
        assert!(!slots.get(index).is_expired());
        assert_eq!(slots.get(index).silent_since(), NEVER);
        slots.get(index).expire(11);
        assert!(slots.get(index).is_idle());
    }

    #[test]
    fn threads_never_hold_the_same_slot() {
        let slots = Slots::new();
        let holders: Vec<AtomicU32> = (0..1000).map(|_| AtomicU32::new(0)).collect();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (slots, holders) = (&slots, &holders);
                scope.spawn(move || {
                    for round in 0..5000 {
                        let held: Vec<u32> =
                            (0..1 + (round + thread) % 40).map(|_| slots.take().unwrap().0).collect();
                        for &index in &held {
                            assert_eq!(holders[index as usize].fetch_add(1, Ordering::SeqCst), 0);
                        }
                        for index in held {
                            holders[index as usize].fetch_sub(1, Ordering::SeqCst);
                            slots.release(index);
                        }
                    }
                });
            }
        });
        assert!(!slots.any_in_use());
        let size = slots.iter().count();
        assert!(size <= 960, "{size} slots for 160 calls");
    }
}
