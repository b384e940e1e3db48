//! Landlock for files, seccomp for system calls, and limits.

use std::collections::BTreeMap;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
    make_bitflags,
};
use rustix::process::{Gid, Resource, Rlimit, Uid, setrlimit};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// Three times what the largest film takes, since threads reserve more than they use.
const MOST_MEMORY: u64 = 3 << 30;
/// Of a processor: a film of a week takes less.
const MOST_SECONDS: u64 = 24 * 3600;
const MOST_FILE: u64 = 64 << 30;

pub(super) fn enter(recording: &Path, out_folder: &Path, own: Option<u32>) -> Vec<String> {
    let mut lacking = Vec::new();
    let mut note = |done: Result<(), String>| lacking.extend(done.err());
    for (resource, most) in [
        (Resource::As, MOST_MEMORY),
        (Resource::Cpu, MOST_SECONDS),
        (Resource::Fsize, MOST_FILE),
        // a dump would have the pictures in it
        (Resource::Core, 0),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        let done = setrlimit(resource, limit);
        note(done.map_err(|error| format!("no limit for {resource:?}: {error}")));
    }
    note(rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}")));
    // Landlock first: afterwards its own calls are not needed
    note(close_files(recording, out_folder, own));
    note(close_calls());
    lacking
}

fn close_files(recording: &Path, out_folder: &Path, own: Option<u32>) -> Result<(), String> {
    let status =
        restrict(recording, out_folder, own).map_err(|error| format!("Landlock: {error}"))?;
    match status {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err("the kernel has no Landlock".to_owned()),
    }
}

fn restrict(
    recording: &Path,
    out_folder: &Path,
    own: Option<u32>,
) -> Result<RulesetStatus, Box<dyn std::error::Error>> {
    // the newest that is known here; an older kernel does what it can of it
    let abi = ABI::V6;
    let write: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
        ReadFile | WriteFile | ReadDir | MakeReg | RemoveFile | Truncate
    });
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .add_rule(PathBeneath::new(
            PathFd::new(recording)?,
            AccessFs::ReadFile,
        ))?
        .add_rule(PathBeneath::new(PathFd::new(out_folder)?, write))?;
    // whoever owns nothing could not open what the rules name
    if let Some(own) = own {
        become_user(own)?;
    }
    Ok(ruleset.restrict_self()?.ruleset)
}

/// From here on this thread, and those that it starts, are `own`, in no group but its own.
fn become_user(own: u32) -> rustix::io::Result<()> {
    let (user, group) = (Uid::from_raw(own), Gid::from_raw(own));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)
}

/// Calls that no film needs, and whoever breaks in would.
const CLOSED: &[i64] = &[
    // the network, and sockets of any kind
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    // other programs and processes
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_setns,
    libc::SYS_unshare,
    // what gets round the rules for files
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_symlinkat,
    libc::SYS_linkat,
    // ways deep into the kernel
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_personality,
    libc::SYS_memfd_create,
];

/// The same by older names.
#[cfg(target_arch = "x86_64")]
const CLOSED_TOO: &[i64] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_link,
    libc::SYS_symlink,
];
#[cfg(not(target_arch = "x86_64"))]
const CLOSED_TOO: &[i64] = &[];

fn close_calls() -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("seccomp: {error}");
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| failed(&error))?;
    let closed = CLOSED.iter().chain(CLOSED_TOO);
    let closed: BTreeMap<i64, Vec<_>> = closed.map(|call| (*call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(closed, SeccompAction::Allow, denied, arch);
    let program = filter.and_then(BpfProgram::try_from);
    let program = program.map_err(|error| failed(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| failed(&error))
}
