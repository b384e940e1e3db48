//! What the window says, in English and Italian. What other programs say too is in `ui_kit::words`.

use protocol::control::Name;
use ui_kit::Lang;
use ui_kit::words::{name_in_sentence, names_in_words};

macro_rules! says {
    ($($say:ident: $en:literal, $it:literal;)*) => {
        /// A label, a button or a fixed sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Say {
            $($say,)*
        }

        impl Say {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$say,)*];
        }

        /// `say` in `lang`.
        pub fn s(lang: Lang, say: Say) -> &'static str {
            match (lang, say) {
                $((Lang::En, Say::$say) => $en,)*
                $((Lang::It, Say::$say) => $it,)*
            }
        }
    };
}

says! {
    Administration: "Administration", "Amministrazione";
    // Sign-in
    SignInTitle: "Administer the hub", "Amministra l'hub";
    SignInNote: "Sign in with an account that may administer it.",
        "Accedi con un account che può amministrarlo.";
    SignIn: "Sign in", "Accedi";
    SigningIn: "Signing in…", "Accesso in corso…";
    SignOut: "Sign out", "Esci";
    Invitation: "Invitation", "Invito";
    InvitationHint: "Paste it if you have one; it fills in the rest",
        "Incollalo se ne hai uno; compila il resto";
    NewPassword: "Choose a password", "Scegli una password";
    FingerprintPlace: "64 digits; empty if the hub has a public certificate",
        "64 cifre; vuota se l'hub ha un certificato pubblico";
    FingerprintNote: "The hub prints it when it starts.", "L'hub la mostra all'avvio.";
    FingerprintWrong: "A fingerprint has 64 hexadecimal digits.",
        "Un'impronta ha 64 cifre esadecimali.";
    HubNonsense: "The hub did not answer as a hub does. Is it up to date?",
        "L'hub non ha risposto come dovrebbe. È aggiornato?";
    // Sections
    Overview: "Overview", "Panoramica";
    OverviewNote: "The hub and its day at a glance.", "L'hub e la sua giornata in breve.";
    Live: "Live", "In corso";
    LiveNote: "Who is connected now, and what is going on.", "Chi è connesso ora e che cosa succede.";
    Reports: "Reports", "Rapporti";
    Films: "Films", "Filmati";
    People: "People", "Persone";
    Computers: "Computers", "Computer";
    Audit: "Audit log", "Registro";
    Settings: "Settings", "Impostazioni";
    // Overview
    SessionsNow: "Sessions now", "Sessioni ora";
    WaitingNow: "Users waiting", "Utenti in attesa";
    OperatorsNow: "Operators", "Operatori";
    UsersNow: "Users connected", "Utenti connessi";
    Today: "Today", "Oggi";
    TicketsToday: "Tickets", "Ticket";
    SessionsToday: "Sessions", "Sessioni";
    HelpedToday: "Time helped", "Tempo di assistenza";
    ReportsFinished: "Reports finished", "Rapporti conclusi";
    ReportsOpen: "Reports to write", "Rapporti da scrivere";
    RefusedLogIns: "Refused log-ins", "Accessi rifiutati";
    LastDays: "Sessions of the last 30 days", "Sessioni degli ultimi 30 giorni";
    NoSessionsLately: "There was no session in the last 30 days.",
        "Negli ultimi 30 giorni non c'è stata alcuna sessione.";
    Disk: "Disk", "Disco";
    FilmsOnDisk: "Films", "Filmati";
    FreeOnDisk: "Free", "Liberi";
    DaysLeft: "Room for films", "Spazio per filmati";
    NotKnown: "not known", "non noto";
    TheHub: "The hub", "L'hub";
    Version: "Version", "Versione";
    UpSince: "Running since", "Avviato";
    Memory: "Memory", "Memoria";
    Fingerprint: "Fingerprint", "Impronta";
    DiskBehind: "The disk is so slow that nothing new is begun. Running sessions go on.",
        "Il disco è così lento che non si inizia nulla di nuovo. Le sessioni in corso continuano.";
    // Live
    NoSessions: "No session is running", "Nessuna sessione in corso";
    NoSessionsNote: "When an operator helps somebody, it shows here.",
        "Quando un operatore assiste qualcuno, si vede qui.";
    Sessions: "Sessions", "Sessioni";
    Connected: "Connected", "Connessi";
    NobodyConnected: "Nobody is connected", "Nessuno è connesso";
    EndSession: "End session", "Termina sessione";
    EndSessionTitle: "End this session?", "Terminare questa sessione?";
    EndSessionNote: "It ends for everybody in it. Both sides read that an administrator ended it. The report and the film are kept.",
        "Termina per tutti. Entrambe le parti leggono che l'ha terminata un amministratore. Rapporto e filmato restano.";
    Disconnect: "Disconnect", "Disconnetti";
    DisconnectTitle: "Disconnect?", "Disconnettere?";
    DisconnectUserNote: "The computer leaves the list. Its user needs a new ticket to come back.",
        "Il computer lascia l'elenco. L'utente avrà bisogno di un nuovo ticket per tornare.";
    DisconnectOperatorNote: "The operator is logged out, and may log in again. To keep an operator out, disable the account.",
        "L'operatore viene disconnesso e può accedere di nuovo. Per escluderlo, disabilita l'account.";
    Paused: "line lost", "linea persa";
    Running: "running", "in corso";
    Watch: "Watch", "Guarda";
    LiveMark: "Live", "In diretta";
    ToLive: "Back to live", "Torna alla diretta";
    LiveOver: "The session is over", "La sessione è terminata";
    StillRunning: "The session is still running", "La sessione è ancora in corso";
    StillRunningNote: "Its film can be watched while it is made. Everybody in the session reads your name for as long as you watch.",
        "Il filmato si può guardare mentre viene registrato. Chi è nella sessione legge il tuo nome finché guardi.";
    SessionEndedNotice: "The session has ended.", "La sessione è terminata.";
    DisconnectedNotice: "Disconnected.", "Disconnesso.";
    // Reports
    SearchReports: "Search reports and chat (Ctrl+F)", "Cerca in rapporti e chat (Ctrl+F)";
    AllReports: "All", "Tutti";
    Finished: "Finished", "Conclusi";
    Unfinished: "Drafts", "Bozze";
    FinishedOne: "finished", "concluso";
    Draft: "draft", "bozza";
    Corrected: "corrected", "corretto";
    NoReports: "No reports yet", "Ancora nessun rapporto";
    NoReportsNote: "Each session leaves one when it ends.", "Ogni sessione ne lascia uno alla fine.";
    Totals: "Totals", "Totali";
    Export: "Export", "Esporta";
    Started: "Started", "Inizio";
    Ended: "Ended", "Fine";
    Lasted: "Duration", "Durata";
    Operator: "Operator", "Operatore";
    Operators: "Operators", "Operatori";
    Requester: "Requester", "Richiedente";
    Computer: "Computer", "Computer";
    Category: "Category", "Categoria";
    State: "State", "Stato";
    Problem: "Problem", "Problema";
    Solution: "Solution", "Soluzione";
    Notes: "Notes", "Note";
    Nothing: "Nothing was written.", "Non è stato scritto nulla.";
    None: "(none)", "(nessuno)";
    Day: "Day", "Giorno";
    Week: "Week", "Settimana";
    Month: "Month", "Mese";
    Group: "Group", "Gruppo";
    AllOthers: "All others", "Tutti gli altri";
    TotalsChart: "Chart of the totals; the table has the numbers",
        "Grafico dei totali; i numeri sono nella tabella";
    AllTogether: "All together", "Tutto insieme";
    Session: "Session", "Sessione";
    ConnectedTime: "Connected", "Connesso";
    ActiveTime: "Active", "Attivo";
    IdleTime: "Idle", "Inattivo";
    WaitingTime: "Waiting", "In attesa";
    PausedTime: "Line lost", "Linea persa";
    Corrections: "Corrections", "Correzioni";
    Earlier: "Earlier reports", "Rapporti precedenti";
    WatchFilm: "Watch the film", "Guarda il filmato";
    Correct: "Correct", "Correggi";
    NotFinishedYet: "The operator has not finished it yet.", "L'operatore non l'ha ancora concluso.";
    CorrectTitle: "Correct the report", "Correggi il rapporto";
    CorrectNote: "What is there now stays readable; the correction is put on top of it, with your name.",
        "Ciò che c'è ora resta leggibile; la correzione viene aggiunta sopra, con il tuo nome.";
    CorrectionReason: "Why it is corrected", "Perché viene corretto";
    SaveCorrection: "Save the correction", "Salva la correzione";
    CorrectionSaved: "The correction is saved.", "La correzione è salvata.";
    AnyTime: "Any time", "Sempre";
    SinceToday: "Today", "Oggi";
    SinceWeek: "7 days", "7 giorni";
    SinceMonth: "30 days", "30 giorni";
    SinceYear: "12 months", "12 mesi";
    // Films
    AllFilms: "All", "Tutti";
    HeldOnly: "Held", "Trattenuti";
    NoFilms: "No films", "Nessun filmato";
    NoFilmsNote: "Every session is filmed and appears here.", "Ogni sessione viene filmata e compare qui.";
    Size: "Size", "Dimensione";
    Erased: "erased", "cancellato";
    Held: "held", "trattenuto";
    ErasedForPrivacy: "Erased for privacy", "Cancellato per privacy";
    ErasedByAge: "Its time was over", "Il suo tempo era scaduto";
    ErasedByQuota: "Erased to make room", "Cancellato per fare spazio";
    FetchingFilm: "Fetching the film…", "Ricezione del filmato…";
    NoFilmHere: "There is no film to do this with.", "Non c'è un filmato con cui farlo.";
    Hold: "Hold", "Trattieni";
    HoldTitle: "Hold this film?", "Trattenere questo filmato?";
    HoldNote: "It is kept whatever the rules say, until somebody lets it go again.",
        "Viene conservato qualunque cosa dicano le regole, finché qualcuno non lo rilascia.";
    Release: "Release", "Rilascia";
    Erase: "Erase", "Cancella";
    EraseTitle: "Erase this film for good?", "Cancellare per sempre questo filmato?";
    EraseNote: "The film and its chat are gone for good. The report stays, and the log says who erased the film and why.",
        "Il filmato e la sua chat vanno persi per sempre. Il rapporto resta, e il registro dice chi ha cancellato il filmato e perché.";
    Reason: "Reason", "Motivo";
    EraseReportTitle: "Erase this report for good?", "Cancellare per sempre questo rapporto?";
    EraseReportNote: "The report, its corrections and the chat kept with it are gone for good. The film stays, and the chat is in it: erase the film too where that is to go. The log says who erased the report and why.",
        "Il rapporto, le sue correzioni e la chat conservata con esso vanno persi per sempre. Il filmato resta, e contiene la chat: cancella anche il filmato se la chat deve sparire. Il registro dice chi ha cancellato il rapporto e perché.";
    ReportErasedNotice: "The report is erased.", "Il rapporto è cancellato.";
    OperatorGroup: "Group of operators", "Gruppo di operatori";
    ComputerGroup: "Group of computers", "Gruppo di computer";
    KeptUntil: "Kept until", "Conservato fino al";
    Watched: "Watched by", "Guardato da";
    ExportedOne: "Exported by", "Esportato da";
    HeldNotice: "The film is held.", "Il filmato è trattenuto.";
    ReleasedNotice: "The rules have the film again.", "Le regole valgono di nuovo per il filmato.";
    ErasedNotice: "The film is erased.", "Il filmato è cancellato.";
    WholeFilm: "The whole film", "Tutto il filmato";
    WholeFilmNote: "An MP4 with chat and events as chapters. Mark a part in the player with I and O to export that alone.",
        "Un MP4 con chat ed eventi come capitoli. Segna una parte nel lettore con I e O per esportare solo quella.";
    CutOfFilm: "A part", "Una parte";
    CutFrom: "From", "Da";
    CutTo: "To", "A";
    CutNote: "Minutes and seconds, as on the time line. I and O in the player set both.",
        "Minuti e secondi, come sulla linea del tempo. I e O nel lettore impostano entrambi.";
    CutWrong: "The part has to begin before it ends.", "La parte deve iniziare prima di finire.";
    ExportNow: "Export", "Esporta";
    ExportFilm: "Export film", "Esporta filmato";
    AsVideo: "Video (MP4)", "Video (MP4)";
    AsBundle: "Proof bundle (ZIP)", "Fascicolo di prova (ZIP)";
    BundleNote: "The film, the report, the chat and the audit rows in one file that the hub signs. Anybody can check it without the hub: hub verify FILE.",
        "Il filmato, il rapporto, la chat e le righe del registro in un solo file firmato dall'hub. Chiunque può verificarlo senza l'hub: hub verify FILE.";
    ExportCancelled: "The export was cancelled.", "L'esportazione è stata annullata.";
    Chapters: "Chat and events", "Chat ed eventi";
    SearchFilm: "Search", "Cerca";
    Play: "Play (Space)", "Riproduci (Spazio)";
    Pause: "Pause (Space)", "Pausa (Spazio)";
    Step: "Next change (.)", "Prossimo cambiamento (.)";
    FullScreen: "Whole window (F)", "Tutta la finestra (F)";
    LeaveFullScreen: "Leave (Esc)", "Esci (Esc)";
    SkipIdle: "Skip idle time", "Salta i tempi morti";
    TimeLine: "Time line", "Linea del tempo";
    // People
    PeopleNote: "Who may log in, and what they may do.", "Chi può accedere e che cosa può fare.";
    Accounts: "Accounts", "Account";
    SignIns: "Signed in", "Collegati";
    Groups: "Groups", "Gruppi";
    Roles: "Roles", "Ruoli";
    SearchPeople: "Search people", "Cerca persone";
    AddPerson: "Add a person", "Aggiungi persona";
    ChangePerson: "Change a person", "Modifica persona";
    AddGroup: "Add a group", "Aggiungi gruppo";
    RenameGroup: "Rename the group", "Rinomina il gruppo";
    GroupsNote: "Operators see the users and colleagues of their own groups.",
        "Gli operatori vedono gli utenti e i colleghi dei propri gruppi.";
    AddRole: "Add a role", "Aggiungi ruolo";
    ChangeRole: "Change the role", "Modifica il ruolo";
    Everyone: "Everyone", "Tutti";
    Name: "Name", "Nome";
    NameNote: "What others see; the log-in name if it is empty.",
        "Ciò che vedono gli altri; il nome di accesso se è vuoto.";
    LogInName: "Log-in name", "Nome di accesso";
    LogInNameNote: "What is typed to log in.", "Ciò che si digita per accedere.";
    Role: "Role", "Ruolo";
    RoleOperator: "Operator", "Operatore";
    RoleAuditor: "Auditor", "Revisore";
    RoleAdministrator: "Administrator", "Amministratore";
    SecondFactor: "Second factor", "Secondo fattore";
    LastLogIn: "Last log-in", "Ultimo accesso";
    Never: "never", "mai";
    SetUp: "set up", "attivo";
    SetUpAnew: "Set up anew", "Imposta di nuovo";
    TakeAway: "Take away", "Rimuovi";
    HasNone: "There is none.", "Non ce n'è.";
    Disabled: "disabled", "disabilitato";
    SignedIn: "signed in", "collegato";
    Invited: "invited", "invitato";
    NoPassword: "no password", "senza password";
    ChoosePerson: "Choose a person to change, invite or disable them.",
        "Scegli una persona per modificarla, invitarla o disabilitarla.";
    Change: "Change", "Modifica";
    Invite: "Invite", "Invita";
    Enable: "Enable", "Abilita";
    Disable: "Disable", "Disabilita";
    DisableNote: "Whoever is signed in with this account is sent away, and nobody can log in with it. Reports and films stay.",
        "Chi è collegato con questo account viene disconnesso e nessuno può più usarlo. Rapporti e filmati restano.";
    Console: "console", "console";
    InvitationFollows: "You get an invitation for this person: one line that sets up the console and lets them choose a password.",
        "Riceverai un invito per questa persona: una riga che configura la console e le fa scegliere una password.";
    InvitationTitle: "Invitation", "Invito";
    SecondFactorTitle: "Second factor", "Secondo fattore";
    ShownOnce: "This is shown once. Hand it over now, by a way that others do not read.",
        "Viene mostrato una sola volta. Consegnalo ora, per una via che altri non leggono.";
    RecoveryCodesNote: "Recovery codes, each good once, for the day when the telephone is gone:",
        "Codici di recupero, validi una volta ciascuno, per quando il telefono non c'è più:";
    SaveAsFile: "Save as a file", "Salva in un file";
    CopyCodes: "Copy the codes", "Copia i codici";
    MaySee: "see screens", "vedere schermi";
    MayControl: "use keyboard and mouse", "usare tastiera e mouse";
    MayFiles: "send and fetch files", "inviare e ricevere file";
    MayUnattended: "open unattended computers", "aprire computer non presidiati";
    MayWatchLive: "watch live sessions", "osservare sessioni in corso";
    MayReadReports: "read reports and films of all", "leggere rapporti e filmati di tutti";
    MayExport: "export", "esportare";
    MayAdminister: "administer the hub", "amministrare l'hub";
    SavedNotice: "Saved.", "Salvato.";
    // Computers
    ComputersNote: "Computers that are always connected, whoever sits in front of them.",
        "Computer sempre connessi, chiunque ci sia davanti.";
    AddComputers: "Add computers", "Aggiungi computer";
    AddComputersNote: "You get one line. On the computer, run purepc enroll LINE, purepc set-password and purepc install.",
        "Riceverai una riga. Sul computer esegui purepc enroll RIGA, purepc set-password e purepc install.";
    SearchComputers: "Search computers", "Cerca computer";
    Codes: "Codes", "Codici";
    AllComputers: "All", "Tutti";
    ConnectedOnes: "Connected", "Connessi";
    AwayOnes: "Away", "Assenti";
    DisabledOnes: "Disabled", "Disabilitati";
    ConnectedOne: "connected", "connesso";
    AwayOne: "away", "assente";
    Now: "now", "ora";
    EveryGroup: "Every group", "Ogni gruppo";
    WithoutGroup: "Without a group", "Senza gruppo";
    System: "System", "Sistema";
    LastSeen: "Last seen", "Visto";
    NoComputers: "No computers yet", "Ancora nessun computer";
    NoComputersNote: "Make a code, and enrol the first one with it.",
        "Crea un codice e registra il primo con quello.";
    ChooseComputer: "Choose a computer to rename, group, disable or remove it.",
        "Scegli un computer per rinominarlo, raggrupparlo, disabilitarlo o rimuoverlo.";
    Remove: "Remove", "Rimuovi";
    DisableHostNote: "It is sent away, and not let in again before it is enabled.",
        "Viene disconnesso e non può rientrare finché non viene abilitato.";
    RemoveHostNote: "It is sent away, and has to be enrolled anew to come back. Reports and films stay.",
        "Viene disconnesso e per tornare deve essere registrato di nuovo. Rapporti e filmati restano.";
    RemoveHostGroupNote: "Its computers stay, without a group, so that no operator sees them.",
        "I suoi computer restano, senza gruppo, e nessun operatore li vede.";
    HostNameNote: "What operators see; the computer's own name if it is empty.",
        "Ciò che vedono gli operatori; il nome del computer se è vuoto.";
    HostGroupNote: "Without a group no operator sees it.", "Senza gruppo nessun operatore lo vede.";
    Note: "Note", "Nota";
    HostGroupsNote: "A group of computers says which operators see them.",
        "Un gruppo di computer dice quali operatori li vedono.";
    NoHostGroups: "No groups yet", "Ancora nessun gruppo";
    ChangeGroup: "Change the group", "Modifica il gruppo";
    SeenBy: "Seen by", "Visibile a";
    SeenByNote: "Where nothing is chosen, the computers show in this window alone.",
        "Se non è scelto nulla, i computer compaiono solo in questa finestra.";
    CodeUses: "For how many computers", "Per quanti computer";
    CodeUsesNote: "More than one for software distribution.",
        "Più di uno per la distribuzione del software.";
    CodeHours: "Good for, in hours", "Vale, in ore";
    MakeCode: "Make the code", "Crea il codice";
    EnrolmentTitle: "Line for purepc enroll", "Riga per purepc enroll";
    NoCodes: "No open codes", "Nessun codice aperto";
    NoCodesNote: "Codes that still enrol computers are listed here.",
        "Qui compaiono i codici che registrano ancora computer.";
    WithdrawCode: "Take back code", "Ritira il codice";
    // Audit
    AuditNote: "What happened, by whom, in a chain that shows when somebody tampers with it.",
        "Che cosa è successo e chi l'ha fatto, in una catena che mostra le manomissioni.";
    SearchAudit: "Search the log", "Cerca nel registro";
    Verify: "Verify", "Verifica";
    Verifying: "Verifying…", "Verifica in corso…";
    AuditSignature: "The hub's signature of the log is gone, or is not of this hub's key.",
        "La firma dell'hub sul registro manca o non è della chiave di questo hub.";
    Row: "Row", "Riga";
    When: "When", "Quando";
    Who: "Who", "Chi";
    What: "What", "Che cosa";
    Details: "Details", "Dettagli";
    AsWritten: "As it is written in the log", "Com'è scritto nel registro";
    Account: "Account", "Account";
    CommandLine: "Command line", "Riga di comando";
    Stranger: "Stranger", "Sconosciuto";
    NotNoted: "not noted", "non annotato";
    // Settings
    SettingsNote: "For the whole hub. A running hub follows within seconds.",
        "Per tutto l'hub. Un hub in funzione le applica in pochi secondi.";
    NothingChanged: "Nothing was changed.", "Nulla è stato modificato.";
    SomethingWrong: "Something is not right yet; it is marked.", "Qualcosa non va ancora; è segnato.";
    OutOfRange: "This is not possible here.", "Qui non è possibile.";
    Undo: "Undo", "Annulla modifiche";
    Organisation: "Organisation", "Organizzazione";
    OrganisationNote: "Shown wherever a user or a reader of a report looks.",
        "Compare dove guardano gli utenti e chi legge i rapporti.";
    OrganisationWords: "Words below the name", "Parole sotto il nome";
    Keeping: "How long things are kept", "Per quanto si conserva";
    KeepingNote: "What is held is kept whatever stands here.",
        "Ciò che è trattenuto resta, qualunque cosa ci sia scritto qui.";
    FilmDays: "Films, in days", "Filmati, in giorni";
    ZeroForEver: "0 for ever", "0 per sempre";
    ReportDays: "Reports, in days", "Rapporti, in giorni";
    ReportDaysNote: "Since they were finished; 0 for ever. Drafts stay.",
        "Da quando sono stati conclusi; 0 per sempre. Le bozze restano.";
    UnattendedReason: "Opening an unattended computer needs a reason",
        "Per aprire un computer non presidiato serve un motivo";
    UnattendedReasonNote: "Or a ticket number. It goes into the audit log.",
        "Oppure un numero di ticket. Resta nel registro.";
    UnattendedCode: "Opening an unattended computer needs a new code of the second factor",
        "Per aprire un computer non presidiato serve un nuovo codice del secondo fattore";
    UnattendedCodeNote: "Each operator's own, as at the log-in; operators without one open none.",
        "Quello di ciascun operatore, come all'accesso; chi non lo ha non ne apre nessuno.";
    UnattendedHours: "Unattended computers are opened in these hours",
        "I computer non presidiati si aprono in questi orari";
    UnattendedHoursNote: "In the hub's time zone, days in English as in the example; at all hours if it is empty.",
        "Nel fuso orario dell'hub, con i giorni in inglese come nell'esempio; a tutte le ore se è vuoto.";
    HostsUpdate: "Unattended computers take newer versions by themselves",
        "I computer non presidiati prendono da soli le versioni nuove";
    HostsUpdateNote: "Only what the programs' maker has signed, and never during a session. One that does not come back to the hub takes the version before again.",
        "Solo ciò che è firmato da chi produce i programmi, e mai durante una sessione. Chi non torna all'hub riprende la versione precedente.";
    Versions: "Versions", "Versioni";
    NoVersions: "No versions known yet", "Nessuna versione nota";
    NoVersionsNote: "Who uses which version is listed here once somebody has connected. `hub updates add` takes new versions.",
        "Qui si vede chi usa quale versione, appena qualcuno si è collegato. `hub updates add` aggiunge versioni nuove.";
    InUse: "In use", "In uso";
    InUseNote: "What consoles and unattended computers run.",
        "Che cosa usano le console e i computer non presidiati.";
    NobodyYet: "Nobody has connected yet.", "Nessuno si è ancora collegato.";
    HandedOut: "Handed out", "Distribuiti";
    NoVersionList: "There is no list of the newest versions; `hub updates add` takes the one that the maker signed.",
        "Manca l'elenco delle versioni più recenti; `hub updates add` aggiunge quello firmato da chi produce i programmi.";
    NothingHandedOut: "There are no programs here. `hub updates add` and `hub downloads add` take those that their maker signed.",
        "Qui non ci sono programmi. `hub updates add` e `hub downloads add` aggiungono quelli firmati da chi li produce.";
    Newest: "newest", "più recente";
    OfferedProgram: "offered", "proposto";
    OnPageAlone: "on the page", "sulla pagina";
    UnlistedProgram: "not in the list", "non in elenco";
    RefusedProgram: "refused", "rifiutato";
    RefusedProgramNote: "not signed by its maker, or changed", "non firmato, o modificato";
    Wake: "Wake", "Risveglia";
    AlreadyConnected: "It is already connected", "È già connesso";
    WakeDisabled: "It is disabled", "È disattivato";
    OperatorsOfComputer: "Operators", "Operatori";
    OperatorsOfComputerNote: "User names, one after another with commas. Only they open this computer; all operators who see it if it is empty.",
        "Nomi utente separati da virgole. Solo loro aprono questo computer; tutti gli operatori che lo vedono se è vuoto.";
    WatchLive: "Sessions can be watched live", "Le sessioni si possono guardare in diretta";
    WatchLiveNote: "By those whose role permits it; everybody in the session reads their name.",
        "Da chi ha un ruolo che lo permette; tutti nella sessione ne leggono il nome.";
    FilmQuota: "Most room for films, in GB", "Spazio massimo per i filmati, in GB";
    ZeroNoLimit: "0 without a limit; else the oldest go first", "0 senza limite; altrimenti i più vecchi per primi";
    FreeDisk: "Disk that stays free, in GB", "Disco che resta libero, in GB";
    FreeDiskNote: "Below that no session begins.", "Al di sotto non inizia alcuna sessione.";
    FilmRate: "Most a film grows, in kB/s", "Crescita massima di un filmato, in kB/s";
    FilmRateNote: "In the long run; a computer that sends more is slowed down.",
        "Alla lunga; un computer che invia di più viene rallentato.";
    Access: "Access", "Accesso";
    FactorOff: "Nobody", "Nessuno";
    FactorOptional: "Who has set one up", "Chi l'ha impostato";
    FactorAdministrators: "All administrators", "Tutti gli amministratori";
    FactorAll: "Everybody", "Tutti";
    PasswordChars: "Shortest password, in characters", "Password più corta, in caratteri";
    TicketMinutes: "A ticket is good for, in minutes", "Un ticket vale, in minuti";
    General: "General", "Generali";
    Logo: "Logo", "Logo";
    LogoNote: "Printed on reports. It is stored at once.", "Stampato sui rapporti. Viene salvato subito.";
    NoLogo: "There is no logo.", "Non c'è un logo.";
    LogoFile: "Picture file", "File dell'immagine";
    LogoFileNote: "A PNG or JPEG: drop it on this window, or type its path.",
        "PNG o JPEG: trascinalo su questa finestra o scrivi il percorso.";
    UseLogo: "Use this picture", "Usa questa immagine";
    RemoveLogo: "Remove the logo", "Rimuovi il logo";
    LogoTooLarge: "This file is larger than 16 MB.", "Questo file supera i 16 MB.";
    LogoNoPicture: "This is no PNG or JPEG picture, or it is damaged.",
        "Non è un'immagine PNG o JPEG, o è danneggiata.";
    Categories: "Categories", "Categorie";
    CategoriesNote: "Offered to operators in this order. Reports keep the name that they have.",
        "Offerte agli operatori in quest'ordine. I rapporti mantengono il nome che hanno.";
    NoCategories: "There are none yet: operators type what they like.",
        "Non ce ne sono ancora: gli operatori scrivono ciò che vogliono.";
    AddCategory: "Add a category", "Aggiungi categoria";
    RenameCategory: "Rename the category", "Rinomina la categoria";
    OwnFields: "Fields of your organisation", "Campi della tua organizzazione";
    OwnFieldsNote: "Asked for in each report, in this order.",
        "Richiesti in ogni rapporto, in quest'ordine.";
    NoOwnFields: "There are none yet.", "Non ce ne sono ancora.";
    AddField: "Add a field", "Aggiungi campo";
    ChangeField: "Change the field", "Modifica il campo";
    FieldKind: "Kind", "Tipo";
    KindText: "Text", "Testo";
    KindNumber: "Number", "Numero";
    KindChoice: "Choice", "Scelta";
    FieldChoices: "Choices", "Scelte";
    FieldChoicesNote: "One on each line", "Una per riga";
    FieldChoicesWrong: "There must be 1 to 30 of them.", "Devono essere da 1 a 30.";
    FieldRequired: "Required", "Obbligatorio";
    FieldRequiredNote: "No report is finished without it.", "Nessun rapporto si conclude senza.";
    RequiredOne: "required", "obbligatorio";
    NoMoreRoom: "There are as many as there can be.", "Ce ne sono già quanti possono essere.";
    NotOfferedNote: "It is not offered any more. Reports that have it keep it.",
        "Non viene più offerto. I rapporti che ce l'hanno lo mantengono.";
    SettingsSavedNotice: "The settings are saved.", "Le impostazioni sono salvate.";
    CodeTitle: "Your code", "Il tuo codice";
    CodeNote: "From your authenticator, or a recovery code.", "Dal tuo autenticatore, o un codice di recupero.";
    GoOn: "Go on", "Avanti";
    CodeAnew: "The connection was lost. Sign in again with a new code.",
        "La connessione è andata persa. Accedi di nuovo con un nuovo codice.";
    // Lists
    Loading: "Loading…", "Caricamento…";
    NothingFound: "Nothing found", "Nessun risultato";
    NothingFoundNote: "Try other words, or fewer filters.", "Prova altre parole o meno filtri.";
    NotLoaded: "This could not be loaded", "Impossibile caricare";
}

fn pick<'a>(lang: Lang, en: &'a str, it: &'a str) -> &'a str {
    match lang {
        Lang::En => en,
        Lang::It => it,
    }
}

/// `1 h 05 min`, `12 min`, `40 s`.
pub fn span(lang: Lang, seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min"),
        (1..48, _) => format!("{hours} h {minutes:02} min"),
        _ => {
            let days = hours / 24;
            format!("{days} {}", pick(lang, "days", "giorni"))
        }
    }
}

/// `1,240 h`, `52 h 05 min`, `12 min`: time that was worked, however long.
pub fn hours(lang: Lang, seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (100.., _) => format!("{} h", number(lang, (seconds + 1800) / 3600)),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// A number on an axis, with a decimal where it has one.
pub fn decimal(lang: Lang, number: f64) -> String {
    let text = if (number - number.round()).abs() < 0.001 {
        format!("{number:.0}")
    } else {
        format!("{number:.1}")
    };
    text.replace('.', pick(lang, ".", ","))
}

/// What a chart has no room for.
pub fn more_in_table(lang: Lang, count: usize) -> String {
    match lang {
        Lang::En => format!("{count} more in the table"),
        Lang::It => format!("altri {count} nella tabella"),
    }
}

/// `3 days`, `1 day`.
pub fn days(lang: Lang, days: u64) -> String {
    match (lang, days) {
        (Lang::En, 1) => "1 day".to_owned(),
        (Lang::En, _) => format!("{days} days"),
        (Lang::It, 1) => "1 giorno".to_owned(),
        (Lang::It, _) => format!("{days} giorni"),
    }
}

/// `12,345` with the separators of the language.
pub fn number(lang: Lang, number: u64) -> String {
    let digits = number.to_string();
    let separator = pick(lang, ",", ".");
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push_str(separator);
        }
        text.push(digit);
    }
    text
}

/// What films leave room for.
pub fn room_for_days(lang: Lang, left: u64) -> String {
    if left > 3650 {
        pick(lang, "more than ten years", "più di dieci anni").to_owned()
    } else {
        days(lang, left)
    }
}

/// A warning that the disk will be full.
pub fn disk_soon_full(lang: Lang, left: u32) -> String {
    let left = days(lang, left.into());
    match lang {
        Lang::En => format!(
            "If films go on as in the last week, the disk is full in {left}. Let old films go, or add a disk."
        ),
        Lang::It => format!(
            "Se i filmati continuano come nell'ultima settimana, il disco sarà pieno tra {left}. Elimina i vecchi filmati o aggiungi un disco."
        ),
    }
}

/// A warning that somebody tries passwords.
pub fn guessing(lang: Lang, refused: u32) -> String {
    let refused = number(lang, refused.into());
    match lang {
        Lang::En => format!(
            "{refused} log-ins were refused today. Somebody may be guessing passwords; the audit log says from where."
        ),
        Lang::It => format!(
            "Oggi sono stati rifiutati {refused} accessi. Qualcuno forse prova le password; il registro dice da dove."
        ),
    }
}

/// A warning that films broke off.
pub fn films_broken(lang: Lang, sessions: u32) -> String {
    match (lang, sessions) {
        (Lang::En, 1) => {
            "One session of this week was ended because its film could not be written.".to_owned()
        }
        (Lang::En, _) => format!(
            "{sessions} sessions of this week were ended because their films could not be written."
        ),
        (Lang::It, 1) => {
            "Una sessione di questa settimana è stata terminata perché il filmato non si poteva scrivere.".to_owned()
        }
        (Lang::It, _) => format!(
            "{sessions} sessioni di questa settimana sono state terminate perché il filmato non si poteva scrivere."
        ),
    }
}

/// The button beside a session.
pub fn end_session_with(lang: Lang, host: &str) -> String {
    match lang {
        Lang::En => format!("End the session with {host}"),
        Lang::It => format!("Termina la sessione con {host}"),
    }
}

/// The button beside somebody who is connected.
pub fn watch_session_with(lang: Lang, host: &str) -> String {
    match lang {
        Lang::En => format!("Watch the session with {host}"),
        Lang::It => format!("Guarda la sessione con {host}"),
    }
}

pub fn disconnect_name(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Disconnect {name}"),
        Lang::It => format!("Disconnetti {name}"),
    }
}

/// Since when, and for how long.
pub fn since(lang: Lang, at: &str, span: &str) -> String {
    match lang {
        Lang::En => format!("{at}, for {span}"),
        Lang::It => format!("{at}, da {span}"),
    }
}

/// `1:02:03`, `2:03`.
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// How many reports.
pub fn reports(lang: Lang, count: u32) -> String {
    let number = number(lang, count.into());
    match (lang, count) {
        (Lang::En, 1) => "1 report".to_owned(),
        (Lang::En, _) => format!("{number} reports"),
        (Lang::It, 1) => "1 rapporto".to_owned(),
        (Lang::It, _) => format!("{number} rapporti"),
    }
}

/// How many sessions.
pub fn sessions(lang: Lang, count: u32) -> String {
    let number = number(lang, count.into());
    match (lang, count) {
        (Lang::En, 1) => "1 session".to_owned(),
        (Lang::En, _) => format!("{number} sessions"),
        (Lang::It, 1) => "1 sessione".to_owned(),
        (Lang::It, _) => format!("{number} sessioni"),
    }
}

/// What a month came to.
pub fn sessions_lately(lang: Lang, count: u32, active_seconds: u64) -> String {
    let (sessions, hours) = (sessions(lang, count), hours(lang, active_seconds));
    match lang {
        Lang::En => format!("{sessions}, with {hours} of active work"),
        Lang::It => format!("{sessions}, con {hours} di lavoro attivo"),
    }
}

/// How many people.
pub fn people(lang: Lang, count: u32) -> String {
    let number = number(lang, count.into());
    match (lang, count) {
        (Lang::En, 1) => "1 person".to_owned(),
        (Lang::En, _) => format!("{number} people"),
        (Lang::It, 1) => "1 persona".to_owned(),
        (Lang::It, _) => format!("{number} persone"),
    }
}

/// How many computers.
pub fn computers(lang: Lang, count: u32) -> String {
    let number = number(lang, count.into());
    match (lang, count) {
        (Lang::En, 1) => "1 computer".to_owned(),
        (Lang::En, _) => format!("{number} computers"),
        (Lang::It, _) => format!("{number} computer"),
    }
}

/// The maker's list of the newest versions.
pub fn version_list(lang: Lang, serial: u64, made: &str) -> String {
    match lang {
        Lang::En => format!("The maker's list {serial}, of {made}."),
        Lang::It => format!("Elenco {serial} di chi produce i programmi, del {made}."),
    }
}

/// That a newer version than the one in use is there.
pub fn is_newer(lang: Lang, newest: &str) -> String {
    match lang {
        Lang::En => format!("{newest} is newer"),
        Lang::It => format!("c'è la {newest}"),
    }
}

/// How many use a version: computers and consoles that are signed in.
pub fn so_many(lang: Lang, count: u32) -> String {
    let number = number(lang, count.into());
    match lang {
        Lang::En => format!("{number} in use"),
        Lang::It => format!("{number} in uso"),
    }
}

/// When the maker signed a program.
pub fn signed_by_maker(lang: Lang, at: &str) -> String {
    match lang {
        Lang::En => format!("signed on {at}"),
        Lang::It => format!("firmato il {at}"),
    }
}

/// The groups whose operators see a group of computers.
pub fn seen_by(lang: Lang, groups: &str) -> String {
    match (lang, groups) {
        (Lang::En, "") => "seen by no operator".to_owned(),
        (Lang::En, _) => format!("seen by {groups}"),
        (Lang::It, "") => "non visibile agli operatori".to_owned(),
        (Lang::It, _) => format!("visibile a {groups}"),
    }
}

/// When a computer was enrolled, and with whose code.
/// A computer is being woken by others.
pub fn waking(lang: Lang, host: &str, through: &[Name]) -> String {
    let through: Vec<String> = through.iter().map(ToString::to_string).collect();
    let (host, through) = (name_in_sentence(lang, host), names_in_words(lang, &through));
    match lang {
        Lang::En => format!(
            "Waking {host} through {through}. It shows here as connected within two minutes; if not, \
             Wake-on-LAN may be off in its firmware, or it has no power."
        ),
        Lang::It => format!(
            "Risveglio di {host} tramite {through}. Entro due minuti risulterà connesso; altrimenti \
             Wake-on-LAN potrebbe essere disattivato nel firmware, oppure manca l'alimentazione."
        ),
    }
}

pub fn enrolled(lang: Lang, at: &str, by: &str) -> String {
    match lang {
        Lang::En => format!("Enrolled {at}, with a code of {by}"),
        Lang::It => format!("Registrato {at}, con un codice di {by}"),
    }
}

/// How many computers a code still enrols.
pub fn code_left(lang: Lang, left: u32, of: u32) -> String {
    let (left, of) = (number(lang, left.into()), number(lang, of.into()));
    match lang {
        Lang::En => format!("{left} of {of} left"),
        Lang::It => format!("{left} di {of} rimasti"),
    }
}

/// Until when a code is good, and who made it.
pub fn code_detail(lang: Lang, until: &str, by: &str) -> String {
    match lang {
        Lang::En => format!("until {until}  ·  made by {by}"),
        Lang::It => format!("fino a {until}  ·  creato da {by}"),
    }
}

/// How much of a time somebody worked.
pub fn active(lang: Lang, seconds: u64) -> String {
    let span = span(lang, seconds);
    match lang {
        Lang::En => format!("{span} active"),
        Lang::It => format!("{span} di attività"),
    }
}

/// The title of one report.
pub fn report_title(lang: Lang, number: &str) -> String {
    match lang {
        Lang::En => format!("Report {number}"),
        Lang::It => format!("Rapporto {number}"),
    }
}

/// A link to all reports of somebody or something.
pub fn all_of(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("All reports of {name}"),
        Lang::It => format!("Tutti i rapporti di {name}"),
    }
}

/// Who holds a film, and why.
pub fn held(lang: Lang, by: &str, reason: &str) -> String {
    match lang {
        Lang::En => format!("Held by {by}: {reason}"),
        Lang::It => format!("Trattenuto da {by}: {reason}"),
    }
}

/// The button beside somebody who is signed in.
pub fn end_sign_in(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Sign {name} out"),
        Lang::It => format!("Disconnetti {name}"),
    }
}

/// The button that removes something.
pub fn remove(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Remove {name}"),
        Lang::It => format!("Rimuovi {name}"),
    }
}

/// The question before a category or a field is not offered any more.
pub fn remove_question(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Remove {name}?"),
        Lang::It => format!("Rimuovere {name}?"),
    }
}

/// The button that moves something one place up.
pub fn move_up(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Move {name} up"),
        Lang::It => format!("Sposta {name} in su"),
    }
}

/// The button that moves something one place down.
pub fn move_down(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Move {name} down"),
        Lang::It => format!("Sposta {name} in giù"),
    }
}

/// A file could not be read.
pub fn not_read(lang: Lang, detail: &str) -> String {
    match lang {
        Lang::En => format!("The file cannot be read: {detail}"),
        Lang::It => format!("Impossibile leggere il file: {detail}"),
    }
}

/// The button that changes something.
pub fn rename(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Change {name}"),
        Lang::It => format!("Modifica {name}"),
    }
}

/// The question before an account is closed.
pub fn disable_title(lang: Lang, name: &str) -> String {
    match lang {
        Lang::En => format!("Disable {name}?"),
        Lang::It => format!("Disabilitare {name}?"),
    }
}

/// The log is what was written.
pub fn audit_is_sound(lang: Lang, rows: u64) -> String {
    let rows = number(lang, rows);
    match lang {
        Lang::En => format!("All {rows} rows are as they were written."),
        Lang::It => format!("Tutte le {rows} righe sono come furono scritte."),
    }
}

/// A row of the log is not what was written.
pub fn audit_changed(lang: Lang, row: u64) -> String {
    match lang {
        Lang::En => format!("Row {row} is not as it was written. Somebody tampered with the log."),
        Lang::It => format!("La riga {row} non è come fu scritta. Il registro è stato manomesso."),
    }
}

/// Rows of the log are gone.
pub fn audit_gone(lang: Lang, first: u64, last: u64) -> String {
    match lang {
        Lang::En => format!("Rows {first} to {last} are gone. Somebody tampered with the log."),
        Lang::It => format!("Le righe da {first} a {last} mancano. Il registro è stato manomesso."),
    }
}

/// Rows of the log were added by somebody.
pub fn audit_added(lang: Lang, first: u64, last: u64) -> String {
    match lang {
        Lang::En => format!("Rows {first} to {last} were added by somebody without the hub's key."),
        Lang::It => {
            format!("Le righe da {first} a {last} sono state aggiunte senza la chiave dell'hub.")
        }
    }
}

/// The whole log is another one.
pub fn audit_rewritten(lang: Lang, row: u64) -> String {
    match lang {
        Lang::En => format!("The log up to row {row} is not the one that the hub signed."),
        Lang::It => format!("Il registro fino alla riga {row} non è quello firmato dall'hub."),
    }
}

/// The log does not fit what was kept elsewhere.
pub fn audit_anchor(lang: Lang, row: u64) -> String {
    match lang {
        Lang::En => format!("Row {row} is not the one of the anchor that was kept elsewhere."),
        Lang::It => format!("La riga {row} non è quella dell'ancora conservata altrove."),
    }
}

/// What saving does where reports are kept for less time.
pub fn erases_reports(lang: Lang, days: u32) -> String {
    match lang {
        Lang::En => format!(
            "Once this is saved, reports that were finished more than {days} days ago are erased for good."
        ),
        Lang::It => format!(
            "Appena salvi, i rapporti conclusi da più di {days} giorni vengono cancellati per sempre."
        ),
    }
}

/// The same for films.
pub fn erases_films(lang: Lang, days: u32) -> String {
    match lang {
        Lang::En => format!(
            "Once this is saved, films that are more than {days} days old and not held are erased for good."
        ),
        Lang::It => format!(
            "Appena salvi, i filmati più vecchi di {days} giorni e non trattenuti vengono cancellati per sempre."
        ),
    }
}

/// Where a file went.
pub fn saved_at(lang: Lang, path: &str) -> String {
    match lang {
        Lang::En => format!("Saved as {path}"),
        Lang::It => format!("Salvato come {path}"),
    }
}

/// A file could not be made.
pub fn not_saved(lang: Lang, detail: &str) -> String {
    match lang {
        Lang::En => format!("The file could not be written: {detail}"),
        Lang::It => format!("Impossibile scrivere il file: {detail}"),
    }
}

/// How many films.
pub fn films(lang: Lang, count: u32) -> String {
    let number = number(lang, count.into());
    match (lang, count) {
        (Lang::En, 1) => "1 film".to_owned(),
        (Lang::En, _) => format!("{number} films"),
        (Lang::It, 1) => "1 filmato".to_owned(),
        (Lang::It, _) => format!("{number} filmati"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_can_be_read() {
        assert_eq!(number(Lang::En, 1_234_567), "1,234,567");
        assert_eq!(number(Lang::It, 100_000), "100.000");
        assert_eq!(number(Lang::En, 12), "12");
    }

    #[test]
    fn spans_name_at_most_two_units() {
        assert_eq!(span(Lang::En, 59), "59 s");
        assert_eq!(span(Lang::En, 3900), "1 h 05 min");
        assert_eq!(span(Lang::It, 3 * 86_400), "3 giorni");
        assert_eq!(hours(Lang::En, 99 * 3600), "99 h 00 min");
        assert_eq!(hours(Lang::It, 1240 * 3600 + 1799), "1.240 h");
    }

    #[test]
    fn everything_is_said_in_every_language() {
        for &say in Say::ALL {
            for lang in Lang::ALL {
                let said = s(lang, say);
                assert!(!said.is_empty() && said.trim() == said, "{say:?}");
            }
        }
    }
}
