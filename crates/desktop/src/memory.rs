//! How much memory of its own a program with windows keeps.

/// Has all threads take their memory from two heaps. Call it before there are other threads.
///
/// glibc gives each thread a heap of its own, up to eight for each core, and what is free in one is no use to another: the
/// console's threads that decode and draw pictures kept 10 MB that way. They wait for no memory of each other's: keys
/// and pictures take as long as before (BENCHMARKS, "What the programs weigh"). Elsewhere nothing happens.
pub fn share_heaps() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const HEAPS: libc::c_int = 2;
        #[expect(unsafe_code, reason = "the C library's own function is a foreign one")]
        // SAFETY: it takes any numbers, and no other thread allocates yet.
        let is_done = unsafe { libc::mallopt(libc::M_ARENA_MAX, HEAPS) } == 1;
        if !is_done {
            tracing::debug!("Each thread keeps a heap of its own");
        }
    }
}
