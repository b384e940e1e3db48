//! What can be done that the audit log notes: the only list of it.

macro_rules! actions {
    ($($action:ident = $code:literal,)*) => {
        /// What was done, as a row of the audit log says it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($action,)*
        }

        impl Action {
            pub const ALL: &'static [Self] = &[$(Self::$action,)*];

            /// The word in the log, which never changes.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$action => $code,)*
                }
            }

            /// The action with this word; none for one of another version of the hub.
            pub fn of_code(code: &str) -> Option<Self> {
                Some(match code {
                    $($code => Self::$action,)*
                    _ => return None,
                })
            }
        }
    };
}

actions! {
    HubStarted = "hub.started",
    HubStopped = "hub.stopped",
    HubAddress = "hub.address",
    LogIn = "log_in",
    LogInRefused = "log_in.refused",
    LogOut = "log_out",
    SignIn = "sign_in",
    SignInEnded = "sign_in.ended",
    SignInOver = "sign_in.over",
    AccountAdded = "account.added",
    AccountChanged = "account.changed",
    AccountDisabled = "account.disabled",
    AccountEnabled = "account.enabled",
    AccountInvited = "account.invited",
    AccountInvitationTaken = "account.invitation_taken",
    AccountPassword = "account.password",
    AccountPasswordChanged = "account.password_changed",
    AccountProofRefused = "account.proof_refused",
    AccountSecondFactorSet = "account.second_factor_set",
    AccountSecondFactorReset = "account.second_factor_reset",
    AccountRecoveryCodesRenewed = "account.recovery_codes_renewed",
    AccountCodeUsed = "account.code_used",
    AccountRecoveryCodeUsed = "account.recovery_code_used",
    AccountRulesSet = "account_rules.set",
    GroupAdded = "group.added",
    GroupRenamed = "group.renamed",
    GroupRemoved = "group.removed",
    RoleAdded = "role.added",
    RoleChanged = "role.changed",
    RoleRemoved = "role.removed",
    Denied = "denied",
    PlaceGiven = "place.given",
    PlaceGone = "place.gone",
    PlaceTaken = "place.taken",
    TicketCreated = "ticket.created",
    TicketExtended = "ticket.extended",
    TicketOpen = "ticket.open",
    TicketUsed = "ticket.used",
    TicketExpired = "ticket.expired",
    TicketRevoked = "ticket.revoked",
    TicketBurnt = "ticket.burnt",
    TicketWrongSecret = "ticket.wrong_secret",
    ConsentAsked = "consent.asked",
    ConsentRefused = "consent.refused",
    SessionStarted = "session.started",
    SessionJoinAsked = "session.join_asked",
    SessionJoinRefused = "session.join_refused",
    SessionJoined = "session.joined",
    SessionLeft = "session.left",
    SessionRightsReduced = "session.rights_reduced",
    SessionPaused = "session.paused",
    SessionResumed = "session.resumed",
    SessionWithheld = "session.withheld",
    SessionGoesOn = "session.goes_on",
    SessionInputBlocked = "session.input_blocked",
    SessionInputFreed = "session.input_freed",
    SessionScreenDark = "session.screen_dark",
    SessionScreenLit = "session.screen_lit",
    SessionInputTooOld = "session.input_too_old",
    SessionWatched = "session.watched",
    SessionWatchEnded = "session.watch_ended",
    SessionEnded = "session.ended",
    SessionEndedByAdministrator = "session.ended_by_administrator",
    SessionEndExplained = "session.end_explained",
    FilesBegun = "files.begun",
    FilesDone = "files.done",
    FilesCancelled = "files.cancelled",
    FilesFailed = "files.failed",
    FoldersAllowed = "folders.allowed",
    FoldersStopped = "folders.stopped",
    FolderShown = "folders.shown",
    FilmClosed = "film.closed",
    FilmFailed = "film.failed",
    FilmWatched = "film.watched",
    FilmExported = "film.exported",
    FilmHeld = "film.held",
    FilmReleased = "film.released",
    FilmErased = "film.erased",
    ReportSaved = "report.saved",
    ReportFields = "report.fields",
    ReportFinished = "report.finished",
    ReportCorrected = "report.corrected",
    ReportExported = "report.exported",
    ReportErased = "report.erased",
    CategoryAdded = "category.added",
    CategoryRenamed = "category.renamed",
    CategoryMoved = "category.moved",
    CategoryRemoved = "category.removed",
    FieldAdded = "field.added",
    FieldChanged = "field.changed",
    FieldMoved = "field.moved",
    FieldRemoved = "field.removed",
    HostInvited = "host.invited",
    HostInvitationWithdrawn = "host.invitation_withdrawn",
    HostEnrolled = "host.enrolled",
    HostChanged = "host.changed",
    HostDisabled = "host.disabled",
    HostEnabled = "host.enabled",
    HostRemoved = "host.removed",
    HostOperators = "host.operators",
    HostOpened = "host.opened",
    HostNotOpened = "host.not_opened",
    HostWaking = "host.waking",
    HostWoken = "host.woken",
    HostNotWoken = "host.not_woken",
    ScreenShown = "screen.shown",
    ScreenNotShown = "screen.not_shown",
    HostGroupAdded = "host_group.added",
    HostGroupChanged = "host_group.changed",
    HostGroupRemoved = "host_group.removed",
    SettingChanged = "setting.changed",
    SettingLogo = "setting.logo",
    BackupMade = "backup.made",
    BackupRestored = "backup.restored",
    DownloadAdded = "download.added",
    DownloadRemoved = "download.removed",
}
