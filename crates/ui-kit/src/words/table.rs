//! The word list: one line per word, English and Italian.

use super::Lang;

macro_rules! words {
    ($($(#[$doc:meta])* $word:ident: $en:literal, $it:literal;)*) => {
        /// A label, a button or a fixed sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Word {
            $($(#[$doc])* $word,)*
        }

        impl Word {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$word,)*];

            pub(super) fn in_lang(self, lang: Lang) -> &'static str {
                match (lang, self) {
                    $((Lang::En, Self::$word) => $en,)*
                    $((Lang::It, Self::$word) => $it,)*
                }
            }
        }
    };
}

words! {
    // Everywhere
    Cancel: "Cancel", "Annulla";
    Close: "Close", "Chiudi";
    Save: "Save", "Salva";
    Copy: "Copy", "Copia";
    Paste: "Paste", "Incolla";
    NothingToPaste: "There is no text on the clipboard. Copy it first.",
        "Negli appunti non c'è testo. Prima copialo.";
    Cut: "Cut", "Taglia";
    SelectAll: "Select all", "Seleziona tutto";
    Send: "Send", "Invia";
    Settings: "Settings", "Impostazioni";
    Options: "Options", "Opzioni";
    Language: "Language", "Lingua";
    SystemLanguage: "As the system", "Come il sistema";
    Appearance: "Appearance", "Aspetto";
    ThemeSystem: "As the system", "Come il sistema";
    ThemeLight: "Light", "Chiaro";
    ThemeDark: "Dark", "Scuro";
    TextSize: "Text size", "Dimensione del testo";
    SwitchTheme: "Switch between light and dark", "Passa da chiaro a scuro";
    ShowPassword: "Show the password", "Mostra la password";
    HidePassword: "Hide the password", "Nascondi la password";
    Dismiss: "Dismiss", "Chiudi l'avviso";
    // A newer version of the program
    Update: "Update", "Aggiorna";
    Later: "Later", "Più tardi";
    RestartNow: "Restart now", "Riavvia ora";
    TryAgain: "Try again", "Riprova";
    AfterTheSession: "After the session", "Dopo la sessione";
    Quit: "Quit", "Esci";
    Required: "Please fill this in", "Da compilare";
    SavedNotice: "Saved", "Salvato";
    NoName: "(no name)", "(senza nome)";
    UsersOpinion: "What the user said", "Parere dell'utente";
    CopiedNotice: "Copied to the clipboard", "Copiato negli appunti";

    // Connection and status
    Ready: "Ready", "Pronto";
    Connecting: "Connecting…", "Connessione in corso…";
    Connected: "Connected", "Connesso";
    Disconnected: "Not connected", "Non connesso";
    Reconnecting: "Connection lost, connecting again…", "Connessione persa, nuovo tentativo…";
    LineLost: "Connection lost. Trying to get it back…", "Connessione persa. Sto cercando di ripristinarla…";
    LineBack: "The connection is back.", "La connessione è tornata.";
    NoConnection: "The hub cannot be reached. Check the internet connection and try again.",
        "Non si riesce a raggiungere l'hub. Controlla la connessione a internet e riprova.";
    OtherHub: "Another service than last time", "Un servizio diverso dal solito";
    OtherHubNote:
        "Helpme is set up for another service than the one that helped you before. If nobody told you about a change, keep the one you know.",
        "Helpme è impostato per un servizio diverso da quello che ti ha già aiutato. Se nessuno ti ha parlato di un cambio, mantieni quello che conosci.";
    HubUsedBefore: "The one that helped you before", "Quello che ti ha già aiutato";
    HubNamedNow: "The one that is named now", "Quello indicato ora";
    HubKey: "Key", "Chiave";
    PublicCertificate: "Public certificate", "Certificato pubblico";
    KeepHub: "Keep the one you know", "Mantieni quello che conosci";
    UseNewHub: "Use the new one", "Usa quello nuovo";
    HubKeyDiffers:
        "This is not the hub you know: its key has changed. For your safety nothing was sent. Ask your helper before you go on.",
        "Questo non è l'hub che conosci: la sua chiave è cambiata. Per sicurezza non è stato inviato nulla. Chiedi a chi ti assiste prima di continuare.";
    HelpDeskKeyDiffers:
        "This is not the help desk you know: another computer answers in its place. For your safety nothing was sent. Call your helper before you go on.",
        "Questo non è il servizio di assistenza che conosci: al suo posto risponde un altro computer. Per sicurezza non è stato inviato nulla. Telefona a chi ti assiste prima di continuare.";
    HubAddressMissing: "No hub is set. Enter the address of your hub.",
        "Nessun hub impostato. Inserisci l'indirizzo del tuo hub.";
    AddressMissing: "Enter the server's address, such as help.example.org.",
        "Inserisci l'indirizzo del server, per esempio help.example.org.";
    AddressHasSpace: "There is a space in the address. Take it out.",
        "C'è uno spazio nell'indirizzo. Toglilo.";
    AddressIsEmail: "This is an e-mail address. The address of a server has no @, such as help.example.org.",
        "Questo è un indirizzo e-mail. L'indirizzo di un server non ha la @, per esempio help.example.org.";
    AddressPortWrong: "After the colon comes the port, a number from 1 to 65535.",
        "Dopo i due punti va la porta, un numero da 1 a 65535.";
    AddressBracketWrong: "Brackets belong around an IPv6 address only, as in [2001:db8::5]:443.",
        "Le parentesi quadre vanno solo intorno a un indirizzo IPv6, come [2001:db8::5]:443.";
    AddressColonsWrong: "There are too many colons. Write help.example.org:443, or a whole IPv6 address.",
        "Ci sono troppi due punti. Scrivi help.example.org:443 oppure un indirizzo IPv6 intero.";
    AddressNumbersWrong: "An IP address has four numbers from 0 to 255, such as 192.0.2.7.",
        "Un indirizzo IP ha quattro numeri da 0 a 255, per esempio 192.0.2.7.";
    AddressDotsWrong: "A part is missing before or between the dots of the address.",
        "Manca una parte prima dei punti dell'indirizzo o tra di essi.";
    AddressCharacterWrong: "Only letters, digits, dots and hyphens belong in the name of a server.",
        "Nel nome di un server vanno solo lettere, cifre, punti e trattini.";
    AddressTooLong: "This address is too long.", "Questo indirizzo è troppo lungo.";
    PortWrong: "A port is a number from 1 to 65535.", "Una porta è un numero da 1 a 65535.";
    Hub: "Hub", "Hub";

    // How sessions start, and notices (O2, O3)
    OperationSettings: "Operation settings", "Impostazioni operative";
    StartingColorDepth: "Starting color depth", "Profondità colore iniziale";
    AsLastTime: "As in the last session", "Come nell'ultima sessione";
    StartingImageSize: "Starting image size", "Dimensione immagine iniziale";
    StartingNote: "Both can be changed inside a session.",
        "Entrambe si possono cambiare durante la sessione.";
    EnablePopup: "Enable popup", "Abilita popup";
    EnablePopupNote: "Notices of the desktop", "Notifiche del desktop";
    Popups: "What popups tell", "Cosa dicono i popup";
    PopupUsers: "Your users connect and disconnect", "I tuoi utenti si connettono e disconnettono";
    PopupComputers: "Computers connect and disconnect", "I computer si connettono e disconnettono";
    PopupOperators: "Operators connect and disconnect", "Gli operatori si connettono e disconnettono";
    PopupMessages: "Users write to you", "Gli utenti ti scrivono";
    QuietHours: "Quiet hours", "Ore di silenzio";
    QuietFrom: "From", "Dalle";
    QuietTo: "To", "Alle";
    TimeOfDayWrong: "A time is written as 20:00.", "Un orario si scrive come 20:00.";
    ShowOne: "Show one now", "Mostrane una ora";
    Ok: "OK", "OK";
    Apply: "Apply", "Applica";

    // Proxies (R3, O4)
    ProxyTab: "Proxy and http tunneling", "Proxy e tunnel http";
    ProxyEnable: "Enable", "Abilita";
    ProxyEnableNote: "Goes through a proxy where the hub is not reached without one.",
        "Passa da un proxy dove l'hub non si raggiunge senza.";
    SystemSettings: "System settings", "Impostazioni di sistema";
    CustomSettings: "Custom settings", "Impostazioni personalizzate";
    ProxyServer: "Proxy server", "Server proxy";
    ProxyServerNote: "Begin with socks5:// if it is a SOCKS proxy.",
        "Inizia con socks5:// se è un proxy SOCKS.";
    ProxyServerWrong: "This is no proxy. Write its name, such as proxy.example.org.",
        "Questo non è un proxy. Scrivi il suo nome, per esempio proxy.example.org.";
    ProxyPort: "Proxy port", "Porta del proxy";
    ProxyUsername: "Proxy username", "Nome utente del proxy";
    ProxyRememberNote: "Only with custom settings: the system's proxy may be another one tomorrow.",
        "Solo con le impostazioni personalizzate: il proxy di sistema domani può essere un altro.";
    ProxyUsernameNote: "Only if the proxy asks for it. In Windows domains: DOMAIN\\name.",
        "Solo se il proxy lo chiede. Nei domini Windows: DOMINIO\\nome.";
    ProxyPassword: "Proxy password", "Password del proxy";
    ProxyTest: "Test", "Prova";
    ProxyTesting: "Trying to reach the hub through the proxy…",
        "Sto cercando di raggiungere l'hub attraverso il proxy…";
    NoProxyNeeded: "The system names no proxy for this hub.",
        "Il sistema non indica alcun proxy per questo hub.";
    ProxyScript:
        "The system finds its proxy by a script (PAC), which this program cannot run. Enter the proxy in the settings; the people of your network know it.",
        "Il sistema trova il proxy con uno script (PAC), che questo programma non esegue. Indica il proxy nelle impostazioni; chi gestisce la rete lo conosce.";
    CheckConnection: "Check the connection", "Controlla la connessione";
    CheckingConnection: "Trying every way to the service…", "Provo tutte le vie verso il servizio…";
    TechnicianDetails: "Details for a technician", "Dettagli per un tecnico";
    ProxyAsks: "Your network asks who you are", "La tua rete chiede chi sei";
    ProxyAsksNote:
        "The way to the internet leads through a computer of your company or school, and it wants a user name and a password. Usually they are the ones you sign in with there.",
        "La strada verso internet passa da un computer della tua azienda o scuola, che vuole un nome utente e una password. Di solito sono quelli con cui accedi lì.";
    ProxyAsksPromise: "They go to that computer only. The help desk never sees them.",
        "Vanno solo a quel computer. Il servizio di assistenza non li vede mai.";
    ProxyAsksUnknown: "If you do not know them, ask the people who look after your network.",
        "Se non li conosci, chiedi a chi si occupa della tua rete.";
    ProxyRefused: "The name or the password was not accepted. Check them and try again.",
        "Il nome o la password non sono stati accettati. Controlla e riprova.";
    ConnectNow: "Connect", "Connetti";

    // Helpme (H1-H7)
    Helpme: "Helpme", "Helpme";
    LetSomeoneHelp: "Let someone help you", "Fatti aiutare";
    AskForTicket:
        "Ask your helper for a ticket and type it here. Your screen can be seen only after you agree.",
        "Chiedi un ticket a chi ti assiste e scrivilo qui. Il tuo schermo si vedrà solo dopo il tuo consenso.";
    Ticket: "Ticket", "Ticket";
    YourName: "Your name", "Il tuo nome";
    YourNameHint: "So that your helper knows who you are", "Così chi ti assiste sa chi sei";
    CheckingTicket: "Checking the ticket…", "Verifica del ticket…";
    TicketIncomplete: "A ticket has ten digits.", "Un ticket ha dieci cifre.";
    StayInControl: "You stay in control", "Resti tu al comando";
    StayInControlNote: "Watch everything, and stop at any moment.",
        "Vedi tutto e puoi fermare in ogni momento.";
    NoPasswordsAsked: "Nobody will ask for your passwords", "Nessuno ti chiederà le tue password";
    NoPasswordsAskedNote: "Never type them for someone else.", "Non scriverle mai per qualcun altro.";
    AsksFor: "Your helper asks to", "Chi ti assiste chiede di";
    RightSee: "See your screen", "Vedere il tuo schermo";
    RightSeeNote: "Without this nobody can help.", "Senza questo nessuno può aiutarti.";
    RightControl: "Use your keyboard and mouse", "Usare tastiera e mouse";
    RightControlNote: "Your own keep working.", "I tuoi continuano a funzionare.";
    RightFiles: "Exchange files", "Scambiare file";
    RightFilesNote: "Each file is shown to you.", "Ogni file ti viene mostrato.";
    RightClipboard: "Share the clipboard", "Condividere gli appunti";
    RightClipboardNote: "What one of you copies, the other can paste.",
        "Quello che uno copia, l'altro può incollarlo.";
    StopClipboard: "Stop sharing the clipboard", "Non condividere più gli appunti";
    Refuse: "Refuse", "Rifiuta";
    End: "End", "Termina";
    EndHotKey: "Ctrl+Alt+Shift+X ends it too", "Fine: Ctrl+Alt+Maiusc+X";
    ViewedNow: "Your screen is being seen", "Il tuo schermo è visibile";
    ControlledNow: "Your helper can use mouse and keyboard",
        "Chi ti assiste può usare mouse e tastiera";
    StopControl: "Take back mouse and keyboard", "Riprendi mouse e tastiera";
    ControlStopped: "Your helper can only watch now", "Ora chi ti assiste può solo guardare";
    SessionEndedTitle: "The session has ended", "La sessione è terminata";
    NothingSeenAnyMore: "Your screen can no longer be seen.", "Il tuo schermo non è più visibile.";
    NewTicket: "Use another ticket", "Usa un altro ticket";
    StillConnected: "Your helper can call again until you close this window.",
        "Chi ti assiste può tornare finché non chiudi questa finestra.";

    // How to recognise a swindler, before the first ticket (H8); the hub's page says the same
    Swindlers: "How to recognise a swindler", "Come riconoscere un truffatore";
    SwindlersLead: "Go on only if you asked for help yourself.", "Continua solo se sei tu ad aver chiesto aiuto.";
    SwindlerCalls:
        "Did somebody call you whom you did not ask for help? Hang up. No honest firm does that, no bank, and not the police.",
        "Ti ha chiamato qualcuno a cui non hai chiesto aiuto? Riaggancia. Nessuna ditta onesta lo fa, né la banca né la polizia.";
    SwindlerAsksForSecrets:
        "Nobody who helps you needs your passwords, the PIN of a card, or a code that your bank sends.",
        "Chi ti assiste non ha bisogno delle tue password, del PIN di una carta o di un codice mandato dalla banca.";
    SwindlerWantsMoney: "Nobody who helps you wants money, vouchers, or that you open your bank’s page.",
        "Chi ti assiste non vuole soldi, né buoni, né che tu apra la pagina della tua banca.";
    SwindlerInDoubt: "In doubt, press End in Helpme, and call your firm on the number that you know.",
        "Nel dubbio premi Termina in Helpme e chiama la tua azienda al numero che conosci.";
    Understood: "I understand", "Ho capito";

    // Chat (S5)
    Chat: "Chat", "Chat";
    ChatHint: "Write a message", "Scrivi un messaggio";
    ChatEmpty: "No messages yet. Say hello.", "Ancora nessun messaggio. Saluta pure.";
    ChatEmptyTitle: "Nothing said yet", "Ancora niente";

    // Console: log-in and settings (O2-O5)
    PureHelpDesk: "Pure Help Desk", "Pure Help Desk";
    LogIntoService: "Log into the service", "Accedi al servizio";
    LogOut: "Log out", "Esci dal servizio";
    LoggedIn: "Logged in", "Accesso eseguito";
    LoggingIn: "Logging in…", "Accesso in corso…";
    UserAccount: "User account", "Account utente";
    UserName: "User name", "Nome utente";
    Password: "Password", "Password";
    RememberPassword: "Remember password", "Ricorda password";
    ConnectOnStartUp: "Connect on start up", "Connetti all'avvio";
    ConnectOnStartUpNote: "Starts when you log in to this computer, and logs in by itself",
        "Si avvia quando accedi a questo computer e si connette da solo";
    ConnectOnStartUpPortableNote: "Logs in by itself when the program starts. A portable copy does not start with \
        the computer.",
        "Accede da solo all'avvio del programma. Una copia portatile non si avvia con il computer.";
    EnableActionFeedBack: "Enable action feed back", "Abilita rapporto intervento";
    EnableActionFeedBackNote: "Ask for the report when an assistance ends",
        "Chiede il rapporto alla fine di ogni assistenza";
    ServerAddress: "Server address", "Indirizzo del server";
    Port: "Port", "Porta";
    HubFingerprint: "Fingerprint of the hub", "Impronta dell'hub";
    PasswordInFileNote:
        "This computer has no password store: the password is kept in a file that only your account can read. Whoever holds this folder can log in as you.",
        "Questo computer non ha un archivio di password: la password è in un file leggibile solo dal tuo account. Chi possiede questa cartella può accedere come te.";
    PasswordInStoreNote: "Kept in the password store of this computer",
        "Conservata nell'archivio password di questo computer";
    SettingsBroken: "The settings file could not be read and was set aside.",
        "Il file delle impostazioni non era leggibile ed è stato messo da parte.";
    SettingsNotSaved: "The settings could not be saved.",
        "Non è stato possibile salvare le impostazioni.";
    WelcomeBack: "Welcome", "Benvenuto";
    LogInToStart: "Log in to hand out tickets and help people.",
        "Accedi per creare ticket e assistere le persone.";

    // One's own account, in the console and in the administrator's window
    YourAccount: "Your account", "Il tuo account";
    SecondFactor: "Second factor", "Secondo fattore";
    SignIns: "Sign-ins", "Accessi";
    PresentPassword: "Present password", "Password attuale";
    NewPassword: "New password", "Nuova password";
    NewPasswordAgain: "New password again", "Ripeti la nuova password";
    ChangePassword: "Change the password", "Cambia la password";
    OwnPasswordChanged: "Your password is changed. Everywhere else your account was signed out.",
        "La password è cambiata. In tutti gli altri posti il tuo account è stato disconnesso.";
    NotYourPassword: "This is not your present password.", "Questa non è la tua password attuale.";
    NotTheSame: "This is not the same as above.", "Non è uguale a quella qui sopra.";
    SecondFactorCode: "Code of the second factor", "Codice del secondo fattore";
    SecondFactorCodeNote: "From the app on your phone, or one of your recovery codes.",
        "Dall'app sul telefono, oppure uno dei tuoi codici di recupero.";
    CodeNotRight: "This code is wrong or was used before. Wait for the next one.",
        "Questo codice è sbagliato o già usato. Attendi il prossimo.";
    SecondFactorNone:
        "With a second factor the hub asks for a code after your password, which an app on your phone makes. Whoever learns your password still cannot log in.",
        "Con un secondo fattore l'hub chiede, dopo la password, un codice creato da un'app sul telefono. Chi scopre la tua password non può comunque accedere.";
    SecondFactorOn: "After your password the hub asks for a code of the app on your phone.",
        "Dopo la password l'hub chiede un codice dell'app sul telefono.";
    SecondFactorDemanded: "The hub's rules ask you for a second factor: you can set it up anew, but not remove it.",
        "Le regole dell'hub ti chiedono un secondo fattore: puoi configurarlo di nuovo, ma non rimuoverlo.";
    SecondFactorRemoved: "The second factor is removed.", "Il secondo fattore è stato rimosso.";
    SetItUp: "Set it up", "Configura";
    SetUpAnew: "Set up anew", "Configura di nuovo";
    NewRecoveryCodes: "New recovery codes", "Nuovi codici di recupero";
    RemoveIt: "Remove it", "Rimuovi";
    ScanWithApp:
        "Scan this with the app on your phone, or type the key into it. Then type the code that the app shows: the second factor counts only after that.",
        "Inquadralo con l'app sul telefono, oppure scrivi lì la chiave. Poi scrivi qui il codice mostrato dall'app: il secondo fattore vale solo da quel momento.";
    KeyForApp: "Key for the app", "Chiave per l'app";
    CopyKey: "Copy the key", "Copia la chiave";
    CodeOfApp: "Code that the app shows", "Codice mostrato dall'app";
    Confirm: "Confirm", "Conferma";
    KeyShownTooLongAgo: "The key was shown too long ago, or the connection was a new one. Set it up once more.",
        "La chiave è stata mostrata troppo tempo fa, o la connessione è cambiata. Ripeti la configurazione.";
    RecoveryCodesOnce: "These recovery codes are shown only now.",
        "Questi codici di recupero vengono mostrati solo adesso.";
    RecoveryCodesKeep:
        "Each of them stands in for one code, for the day when your phone is gone. Print them or write them down, and keep them away from this computer.",
        "Ognuno sostituisce una volta il codice, per il giorno in cui non avrai il telefono. Stampali o scrivili e conservali lontano da questo computer.";
    CopyCodes: "Copy the codes", "Copia i codici";
    KeptThem: "I have kept them", "Li ho conservati";
    SignInsNote:
        "Where your account is signed in. If you do not know one of them, sign it out and change your password.",
        "Dove il tuo account è collegato. Se non ne riconosci uno, disconnettilo e cambia la password.";
    ThisSignIn: "this one", "questo";
    SignOutThere: "Sign out there", "Disconnetti";
    SignedOutThere: "Signed out there.", "Disconnesso.";
    AskingHub: "Asking the hub…", "Attendo l'hub…";
    LostBeforeAnswer: "The connection was lost before the hub answered. Look whether it was done, and try again.",
        "La connessione si è persa prima della risposta dell'hub. Controlla se l'operazione è riuscita e riprova.";

    // Console: tickets (O6, H1)
    Tickets: "Tickets", "Ticket";
    GenerateIt: "Generate it", "Genera";
    TicketText: "Text for the user", "Testo per l'utente";
    KeepAsTemplate: "Keep as template", "Salva come modello";
    RestoreTemplate: "Restore the original text", "Ripristina il testo originale";
    Email: "E-mail", "E-mail";
    EmailSubject: "Remote help", "Assistenza remota";
    RevokeTicket: "Take the ticket back", "Ritira il ticket";
    TicketOpen: "Waiting", "In attesa";
    TicketUsed: "Used", "Usato";
    TicketExpired: "Expired", "Scaduto";
    TicketRevoked: "Taken back", "Ritirato";
    TicketBurnt: "Blocked after wrong tries", "Bloccato per tentativi errati";
    NoTicketYet: "No ticket yet", "Ancora nessun ticket";
    NoTicketYetNote: "Press Generate it and read the number to the user.",
        "Premi Genera e leggi il numero all'utente.";
    TicketTemplateMissing: "The text must hold {ticket} where the number goes.",
        "Il testo deve contenere {ticket} dove va il numero.";

    // Console: the live list (O7-O9, O11)
    Operators: "Operators", "Operatori";
    PermanentHosts: "Permanent hosts", "Host permanenti";
    Users: "Users", "Utenti";
    All: "All", "Tutti";
    Filter: "Filter", "Filtra";
    FilterHint: "Name, person or ticket", "Nome, persona o ticket";
    Snippets: "Texts that you keep", "Testi conservati";
    SnippetsNote: "What you write often can be kept here, for every conversation.",
        "Ciò che scrivi spesso si può conservare qui, per ogni conversazione.";
    KeepSnippet: "Keep what is written", "Conserva ciò che è scritto";
    WriteSnippetFirst: "Write something first that is not kept yet.",
        "Prima scrivi qualcosa che non sia già conservato.";
    RemoveSnippet: "Keep it no longer", "Non conservare più";
    LinkTrust: "Open it only if you trust who wrote it. It leads to:",
        "Aprilo solo se ti fidi di chi l'ha scritto. Porta a:";
    OpenLink: "Open in the browser", "Apri nel browser";
    Favourites: "Favourites", "Preferiti";
    Favourite: "Favourite", "Preferito";
    ListOrder: "Order of the list", "Ordine dell'elenco";
    OrderArrival: "Who waits longest", "Chi aspetta da più tempo";
    OrderName: "By name", "Per nome";
    OrderHelped: "Where you helped last", "Dove hai aiutato da ultimo";
    NobodyHere: "Nobody is here yet", "Ancora nessuno";
    NobodyHereNote: "A computer appears as soon as its user types a ticket.",
        "Un computer appare appena l'utente inserisce un ticket.";
    NothingFound: "Nothing matches the filter", "Nessun risultato per il filtro";
    RemoteSession: "Remote Session", "Sessione remota";
    DisconnectThisPc: "Disconnect this PC", "Disconnetti questo PC";
    DisconnectQuestion: "Disconnect this computer? Its ticket cannot be used again.",
        "Disconnettere questo computer? Il suo ticket non sarà più utilizzabile.";
    AwaitingConsent: "Waiting for the user to accept…", "In attesa che l'utente accetti…";

    // Remote session (S1-S7)
    ColorDepth: "Color depth", "Profondità colore";
    DepthLossless: "Lossless", "Senza perdita";
    DepthTrue: "True color", "Colori reali";
    Depth15: "15 bit (32 768 colors)", "15 bit (32 768 colori)";
    Depth8: "8 bit (256 colors)", "8 bit (256 colori)";
    DepthGrey: "Gray (16 levels)", "Grigio (16 livelli)";
    ImageSize: "Image size", "Dimensione immagine";
    AllMonitors: "All monitors", "Tutti i monitor";
    OneMonitor: "This computer has one monitor", "Questo computer ha un solo monitor";
    SizeFit: "Fit to the window", "Adatta alla finestra";
    SizeActual: "1:1", "1:1";
    FullScreen: "Full screen", "Schermo intero";
    LeaveFullScreen: "Leave full screen", "Esci da schermo intero";
    Monitor: "Monitor", "Monitor";
    ViewOnly: "View only", "Solo visione";
    SpecialKeys: "Special keys", "Tasti speciali";
    KeyCtrlAltDel: "Ctrl+Alt+Del", "Ctrl+Alt+Canc";
    KeySuper: "Windows key", "Tasto Windows";
    KeyPrint: "Print", "Stamp";
    KeyEscape: "Escape", "Esc";
    KeyAltTab: "Alt+Tab", "Alt+Tab";
    KeyAltF4: "Alt+F4", "Alt+F4";
    Screenshot: "Screenshot", "Cattura schermata";
    ScreenshotSaved: "Screenshot saved", "Schermata salvata";
    SendFiles: "Send files", "Invia file";
    FetchFiles: "Fetch files", "Preleva file";
    Files: "Files", "File";
    ChooseFiles: "Choose files…", "Scegli file…";
    ChooseFolder: "Choose a folder…", "Scegli una cartella…";
    GoOn: "Go on", "Riprendi";
    SystemInformation: "System information", "Informazioni di sistema";
    BlockInput: "Block the user's input", "Blocca l'input dell'utente";
    BlankScreen: "Blank the screen", "Oscura lo schermo";
    Pause: "Pause", "Pausa";
    WaitingForPicture: "Waiting for the first picture…", "In attesa della prima immagine…";
    SessionMenu: "Session menu", "Menu della sessione";
    NotOnThisPlatform: "Not possible on this system", "Non possibile su questo sistema";
    RemoteScreen: "Remote screen", "Schermo remoto";

    // Reports (D1)
    Report: "Report", "Rapporto";
    Reports: "Reports", "Rapporti";
    ReportTitle: "Report of the assistance", "Rapporto dell'assistenza";
    Problem: "Problem", "Problema";
    ProblemHint: "What was wrong?", "Cosa non andava?";
    Solution: "Solution", "Soluzione";
    SolutionHint: "What was done?", "Cosa è stato fatto?";
    Category: "Category", "Categoria";
    Notes: "Notes", "Note";
    Start: "Start", "Inizio";
    EndTime: "End", "Fine";
    Duration: "Duration", "Durata";
    Requester: "Requester", "Richiedente";
    Operator: "Operator", "Operatore";
    Host: "Host", "Host";
    FinishReport: "Finish the report", "Completa il rapporto";
    FinishLater: "Finish later", "Completa più tardi";
    Drafts: "Drafts", "Bozze";
    NoDrafts: "No open drafts", "Nessuna bozza aperta";
}
