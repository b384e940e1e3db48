//! A program as a service of Windows: installed for every start of the computer, run, and taken back.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceControl, ServiceControlAccept,
    ServiceErrorControl, ServiceExitCode, ServiceFailureActions, ServiceFailureResetPeriod,
    ServiceInfo, ServiceStartType, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_service::{define_windows_service, service_dispatcher};

/// One that fails is started again after so long.
const AGAIN: Duration = Duration::from_secs(3);
/// How long a service may take to begin and to end.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);

/// A service, as the system is told of it.
#[derive(Debug, Clone, Copy)]
pub struct ServiceEntry<'a> {
    /// Tells it from others: letters and digits.
    pub id: &'a str,
    /// As people read it in the list of services.
    pub name: &'a str,
    /// What it is for, in a sentence.
    pub about: &'a str,
    /// With which this very program is started; [`run`] is to be called then.
    pub arguments: &'a [OsString],
}

/// Nothing was changed, or not all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    #[error("where is this program? {0}")]
    NoProgram(io::Error),
    /// Often: whoever asks is no administrator.
    #[error("the service manager refuses: {0}")]
    Refused(io::Error),
    #[error("the service does not {what}")]
    Slow { what: &'static str },
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all others are texts that cannot be handed to Windows"
)]
impl From<windows_service::Error> for ServiceError {
    fn from(error: windows_service::Error) -> Self {
        Self::Refused(match error {
            windows_service::Error::Winapi(error) => error,
            other => io::Error::other(other),
        })
    }
}

/// Installs it for this program as the system's own account, and starts it now and at each start of the
/// computer; one that fails is started again. Where it is installed already, it is started anew with this
/// program. Blocks until it runs.
///
/// # Errors
///
/// [`ServiceError`].
pub fn install(entry: ServiceEntry<'_>) -> Result<(), ServiceError> {
    let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
    let manager = ServiceManager::local_computer(None::<&str>, access)?;
    let info = info(
        entry,
        std::env::current_exe().map_err(ServiceError::NoProgram)?,
    );
    let service = if let Ok(there) = manager.open_service(entry.id, ServiceAccess::ALL_ACCESS) {
        stop(&there)?;
        there.change_config(&info)?;
        there
    } else {
        manager.create_service(&info, ServiceAccess::ALL_ACCESS)?
    };
    service.set_description(entry.about)?;
    let again = ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: AGAIN,
    };
    // the last of them counts for all further failures
    let actions = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::Never,
        reboot_msg: None,
        command: None,
        actions: Some(vec![again]),
    };
    let told = service
        .update_failure_actions(actions)
        .and_then(|()| service.set_failure_actions_on_non_crash_failures(true));
    if let Err(error) = told {
        tracing::warn!(%error, "A service that fails is not started again");
    }
    service.start::<&str>(&[])?;
    becomes(&service, ServiceState::Running, "start")
}

fn info(entry: ServiceEntry<'_>, program: PathBuf) -> ServiceInfo {
    ServiceInfo {
        name: entry.id.into(),
        display_name: entry.name.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program,
        launch_arguments: entry.arguments.to_vec(),
        dependencies: Vec::new(),
        // the system's own
        account_name: None,
        account_password: None,
    }
}

/// Ends it and takes it back. Blocks until it has ended.
///
/// # Errors
///
/// [`ServiceError`], also where it is not installed.
pub fn uninstall(id: &str) -> Result<(), ServiceError> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::DELETE;
    let service = manager.open_service(id, access)?;
    stop(&service)?;
    service.delete()?;
    Ok(())
}

fn stop(service: &Service) -> Result<(), ServiceError> {
    if service.query_status()?.current_state == ServiceState::Stopped {
        return Ok(());
    }
    service.stop()?;
    becomes(service, ServiceState::Stopped, "end")
}

fn becomes(service: &Service, state: ServiceState, what: &'static str) -> Result<(), ServiceError> {
    let until = Instant::now() + PATIENCE;
    while service.query_status()?.current_state != state {
        if Instant::now() >= until {
            return Err(ServiceError::Slow { what });
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// What a service does; it gives the program's exit code.
type Work = Box<dyn FnOnce(Receiver<()>) -> u8 + Send>;

/// The work, and the service's id. Windows calls back without saying for whom.
static TO_DO: Mutex<Option<(String, Work)>> = Mutex::new(None);

/// Does `work` as the service `id`: it is to end once the system says so, which it hears by the receiver. Blocks
/// until it has ended.
///
/// # Errors
///
/// [`ServiceError::Refused`] if this program was not started by the service manager.
pub fn run(
    id: &str,
    work: impl FnOnce(Receiver<()>) -> u8 + Send + 'static,
) -> Result<(), ServiceError> {
    *to_do() = Some((id.to_owned(), Box::new(work)));
    Ok(service_dispatcher::start(id, called_by_windows)?)
}

fn to_do() -> std::sync::MutexGuard<'static, Option<(String, Work)>> {
    TO_DO.lock().unwrap_or_else(PoisonError::into_inner)
}

define_windows_service!(called_by_windows, called);

fn called(_arguments: Vec<OsString>) {
    let Some((id, work)) = to_do().take() else {
        return;
    };
    if let Err(error) = serve(&id, work) {
        tracing::error!(%error, "The service manager does not listen");
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what else a service can be told is not accepted"
)]
fn serve(id: &str, work: Work) -> windows_service::Result<()> {
    let (stop, stopped) = sync_channel(1);
    let handler = move |control: ServiceControl| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            // it may be ending by itself
            stop.try_send(()).ok();
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let manager = service_control_handler::register(id, handler)?;
    let status = |current_state, code: u8| ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state,
        controls_accepted: if current_state == ServiceState::Running {
            ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
        } else {
            ServiceControlAccept::empty()
        },
        exit_code: if code == 0 {
            ServiceExitCode::NO_ERROR
        } else {
            ServiceExitCode::ServiceSpecific(code.into())
        },
        checkpoint: 0,
        wait_hint: PATIENCE,
        process_id: None,
    };
    manager.set_service_status(status(ServiceState::Running, 0))?;
    let code = work(stopped);
    manager.set_service_status(status(ServiceState::Stopped, code))
}
