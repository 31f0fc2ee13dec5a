//! Large futures on the heap.

use futures_util::future::BoxFuture;

/// A future in a box.
///
/// The box comes first: what it is to hold is then made in it, and not on the stack, to be moved there whole. A future of
/// redis-rs is more than a kilobyte large, so that a move costs as much as the box.
#[inline(always)]
pub(crate) fn in_box<'a, F>(make: impl FnOnce() -> F) -> BoxFuture<'a, F::Output>
where
    F: Future + Send + 'a,
{
    let place = Box::new_uninit();
    let future: Box<F> = Box::write(place, make());
    Box::into_pin(future)
}
