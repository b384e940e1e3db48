//! How this process gives memory back.

/// Has large pieces go back to the system as soon as they are free. Without it, glibc keeps the 19 MiB of a
/// password's check in each of the areas in which threads found room for it: a hub with 100 operators took
/// twice the memory.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_large_pieces_back() {
    const LARGE: libc::c_int = 1 << 20;
    // SAFETY: it changes a number inside of the allocator, and no other thread runs yet.
    #[expect(unsafe_code, reason = "the allocator has no other door")]
    let taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    debug_assert_eq!(taken, 1, "the allocator refused");
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_large_pieces_back() {}
