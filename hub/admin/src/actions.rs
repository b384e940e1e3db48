//! What the audit log notes, in words.

use protocol::admin::audit::Action;
use ui_kit::Lang;

/// What was done, in words.
pub(crate) fn action_text(lang: Lang, action: Action) -> &'static str {
    let (english, italian) = match action {
        Action::HubStarted => ("Hub started", "Hub avviato"),
        Action::HubStopped => ("Hub stopped", "Hub fermato"),
        Action::HubAddress => ("Hub's address set", "Indirizzo dell'hub impostato"),
        Action::LogIn => ("Logged in", "Accesso al servizio"),
        Action::LogInRefused => ("Log-in refused", "Accesso rifiutato"),
        Action::LogOut => ("Logged out", "Uscita dal servizio"),
        Action::SignIn => ("Signed in", "Accesso all'hub"),
        Action::SignInEnded => (
            "Sign-in ended by somebody else",
            "Accesso terminato da altri",
        ),
        Action::SignInOver => ("Signed out", "Uscita dall'hub"),
        Action::AccountAdded => ("Account added", "Account aggiunto"),
        Action::AccountChanged => ("Account changed", "Account modificato"),
        Action::AccountDisabled => ("Account disabled", "Account disattivato"),
        Action::AccountEnabled => ("Account enabled", "Account riattivato"),
        Action::AccountInvited => ("Account invited", "Account invitato"),
        Action::AccountInvitationTaken => ("Invitation accepted", "Invito accettato"),
        Action::AccountPassword => ("Password set", "Password impostata"),
        Action::AccountPasswordChanged => (
            "Password changed by its owner",
            "Password cambiata dal titolare",
        ),
        Action::AccountProofRefused => (
            "Change of one's own account refused",
            "Modifica del proprio account rifiutata",
        ),
        Action::AccountRecoveryCodesRenewed => {
            ("Recovery codes renewed", "Codici di recupero rinnovati")
        }
        Action::AccountSecondFactorSet => ("Second factor set up", "Secondo fattore impostato"),
        Action::AccountSecondFactorReset => ("Second factor reset", "Secondo fattore azzerato"),
        Action::AccountCodeUsed => (
            "Second factor's code used",
            "Codice del secondo fattore usato",
        ),
        Action::AccountRecoveryCodeUsed => ("Recovery code used", "Codice di recupero usato"),
        Action::AccountRulesSet => ("Rules for accounts set", "Regole degli account impostate"),
        Action::GroupAdded => ("Group added", "Gruppo aggiunto"),
        Action::GroupRenamed => ("Group renamed", "Gruppo rinominato"),
        Action::GroupRemoved => ("Group removed", "Gruppo rimosso"),
        Action::RoleAdded => ("Role added", "Ruolo aggiunto"),
        Action::RoleChanged => ("Role changed", "Ruolo modificato"),
        Action::RoleRemoved => ("Role removed", "Ruolo rimosso"),
        Action::Denied => ("Not allowed", "Non permesso"),
        Action::PlaceGiven => ("Connected", "Connessione"),
        Action::PlaceGone => ("Left", "Uscita"),
        Action::PlaceTaken => (
            "Disconnected by an administrator",
            "Disconnesso da un amministratore",
        ),
        Action::TicketCreated => ("Ticket made", "Ticket creato"),
        Action::TicketExtended => ("Ticket extended", "Ticket prolungato"),
        Action::TicketOpen => ("Ticket open", "Ticket aperto"),
        Action::TicketUsed => ("Ticket used", "Ticket usato"),
        Action::TicketExpired => ("Ticket expired", "Ticket scaduto"),
        Action::TicketRevoked => ("Ticket withdrawn", "Ticket ritirato"),
        Action::TicketBurnt => (
            "Ticket spent by wrong digits",
            "Ticket esaurito da cifre errate",
        ),
        Action::TicketWrongSecret => ("Ticket typed wrong", "Ticket digitato male"),
        Action::ConsentAsked => ("Consent asked of the user", "Consenso chiesto all'utente"),
        Action::ConsentRefused => ("Consent refused", "Consenso rifiutato"),
        Action::SessionStarted => ("Session started", "Sessione iniziata"),
        Action::SessionJoinAsked => (
            "Asked to join the session",
            "Chiesto di unirsi alla sessione",
        ),
        Action::SessionJoinRefused => ("Joining refused", "Partecipazione rifiutata"),
        Action::SessionJoined => ("Joined the session", "Entrata nella sessione"),
        Action::SessionLeft => ("Left the session", "Uscita dalla sessione"),
        Action::SessionRightsReduced => ("Rights taken back", "Diritti ritirati"),
        Action::SessionPaused => ("Session paused", "Sessione in pausa"),
        Action::SessionResumed => ("Session resumed", "Sessione ripresa"),
        Action::SessionWithheld => ("Paused by the user", "In pausa per scelta dell'utente"),
        Action::SessionGoesOn => ("The user goes on", "L'utente ha ripreso"),
        Action::SessionInputBlocked => (
            "The user's keyboard and mouse blocked",
            "Tastiera e mouse dell'utente bloccati",
        ),
        Action::SessionInputFreed => (
            "The user's keyboard and mouse work again",
            "Tastiera e mouse dell'utente di nuovo attivi",
        ),
        Action::SessionScreenDark => (
            "The user's screen made dark",
            "Schermo dell'utente oscurato",
        ),
        Action::SessionScreenLit => (
            "The user's screen shows again",
            "Schermo dell'utente di nuovo visibile",
        ),
        Action::SessionInputTooOld => ("Late input left out", "Input in ritardo scartato"),
        Action::SessionWatched => ("Session watched live", "Sessione guardata in diretta"),
        Action::SessionWatchEnded => ("Stopped watching live", "Fine della visione in diretta"),
        Action::SessionEnded => ("Session ended", "Sessione terminata"),
        Action::SessionEndedByAdministrator => (
            "Session ended by an administrator",
            "Sessione terminata da un amministratore",
        ),
        Action::SessionEndExplained => (
            "Reason for ending the session",
            "Motivo della fine della sessione",
        ),
        Action::FilesBegun => ("Files begun", "Invio di file iniziato"),
        Action::FilesDone => ("Files arrived", "File arrivati"),
        Action::FilesCancelled => ("Files cancelled", "Invio di file annullato"),
        Action::FilesFailed => ("Files failed", "Invio di file non riuscito"),
        Action::FoldersAllowed => (
            "Looking through folders allowed",
            "Consultazione delle cartelle permessa",
        ),
        Action::FoldersStopped => (
            "Looking through folders stopped",
            "Consultazione delle cartelle revocata",
        ),
        Action::FolderShown => ("Folder shown", "Cartella mostrata"),
        Action::FilmClosed => ("Film finished", "Filmato concluso"),
        Action::FilmFailed => ("Film failed", "Filmato non riuscito"),
        Action::FilmWatched => ("Film watched", "Filmato guardato"),
        Action::FilmExported => ("Film exported", "Filmato esportato"),
        Action::FilmHeld => ("Film held", "Filmato trattenuto"),
        Action::FilmReleased => ("Film released", "Filmato rilasciato"),
        Action::FilmErased => ("Film erased", "Filmato cancellato"),
        Action::ReportSaved => ("Report saved as a draft", "Bozza di rapporto salvata"),
        Action::ReportFields => ("Report's fields filled in", "Campi del rapporto compilati"),
        Action::ReportFinished => ("Report finished", "Rapporto concluso"),
        Action::ReportCorrected => ("Report corrected", "Rapporto corretto"),
        Action::ReportExported => ("Reports exported", "Rapporti esportati"),
        Action::ReportErased => ("Report erased", "Rapporto cancellato"),
        Action::CategoryAdded => ("Category added", "Categoria aggiunta"),
        Action::CategoryRenamed => ("Category renamed", "Categoria rinominata"),
        Action::CategoryMoved => ("Category moved", "Categoria spostata"),
        Action::CategoryRemoved => ("Category removed", "Categoria rimossa"),
        Action::FieldAdded => ("Field added", "Campo aggiunto"),
        Action::FieldChanged => ("Field changed", "Campo modificato"),
        Action::FieldMoved => ("Field moved", "Campo spostato"),
        Action::FieldRemoved => ("Field removed", "Campo rimosso"),
        Action::HostInvited => ("Code for computers made", "Codice per computer creato"),
        Action::HostInvitationWithdrawn => (
            "Code for computers withdrawn",
            "Codice per computer ritirato",
        ),
        Action::HostEnrolled => ("Computer enrolled", "Computer registrato"),
        Action::HostChanged => ("Computer changed", "Computer modificato"),
        Action::HostDisabled => ("Computer disabled", "Computer disattivato"),
        Action::HostEnabled => ("Computer enabled", "Computer riattivato"),
        Action::HostRemoved => ("Computer removed", "Computer rimosso"),
        Action::HostOperators => (
            "Operators of a computer chosen",
            "Operatori di un computer scelti",
        ),
        Action::HostOpened => (
            "Computer opened with its password",
            "Computer aperto con la sua password",
        ),
        Action::HostNotOpened => ("Computer not opened", "Computer non aperto"),
        Action::HostWaking => ("Computer being woken", "Risveglio di un computer"),
        Action::HostWoken => ("Computer woken", "Computer risvegliato"),
        Action::HostNotWoken => ("Computer not woken", "Computer non risvegliato"),
        Action::ScreenShown => (
            "Screen shown to a colleague",
            "Schermo mostrato a un collega",
        ),
        Action::ScreenNotShown => (
            "Screen not shown to a colleague",
            "Schermo non mostrato a un collega",
        ),
        Action::HostGroupAdded => ("Group of computers added", "Gruppo di computer aggiunto"),
        Action::HostGroupChanged => (
            "Group of computers changed",
            "Gruppo di computer modificato",
        ),
        Action::HostGroupRemoved => ("Group of computers removed", "Gruppo di computer rimosso"),
        Action::SettingChanged => ("Setting changed", "Impostazione modificata"),
        Action::SettingLogo => ("Logo changed", "Logo modificato"),
        Action::BackupMade => ("Back-up made", "Backup eseguito"),
        Action::BackupRestored => ("Back-up restored", "Backup ripristinato"),
        Action::DownloadAdded => ("File of the maker taken in", "File del produttore aggiunto"),
        Action::DownloadRemoved => ("File of the maker removed", "File del produttore rimosso"),
    };
    match lang {
        Lang::En => english,
        Lang::It => italian,
    }
}

/// As [`action_text`]; the code as it stands there where no words are known for it.
pub(crate) fn code_text(lang: Lang, code: &str) -> String {
    match Action::of_code(code) {
        Some(action) => action_text(lang, action).to_owned(),
        None => ui_kit::words::visible_line(code).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_has_words_of_its_own_in_both_languages() {
        for lang in [Lang::En, Lang::It] {
            let all = Action::ALL.iter();
            let words: BTreeSet<_> = all.map(|action| action_text(lang, *action)).collect();
            assert_eq!(words.len(), Action::ALL.len(), "{lang:?}");
        }
        for action in Action::ALL {
            assert_eq!(Action::of_code(action.code()), Some(*action));
        }
        assert_eq!(code_text(Lang::It, "host.enrolled"), "Computer registrato");
        assert_eq!(code_text(Lang::En, "thing.new\u{7}"), "thing.new‹U+0007›");
    }
}
