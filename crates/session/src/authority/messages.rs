//! Which action each message is, for [`may`](super::may): whoever adds a message says here what it needs.

use protocol::admin::{self, desk, films, reports};
use protocol::{HostToHub, OperatorToHub};

use super::{Action, Object};

/// What a message of an operator's is; `None` for what needs no permission.
pub fn of_operator(message: &OperatorToHub) -> Option<Action> {
    Some(match message {
        OperatorToHub::LogIn { .. }
        | OperatorToHub::Resume { .. }
        | OperatorToHub::GiveCode { .. }
        | OperatorToHub::AcceptInvitation { .. } => Action::LogIn,
        OperatorToHub::LogOut => return None,
        OperatorToHub::GenerateTicket | OperatorToHub::ExtendTicket { .. } => Action::MakeTicket,
        OperatorToHub::RevokeTicket { .. } => Action::RevokeTicket,
        OperatorToHub::AnswerTicket { .. } | OperatorToHub::JudgeTicket { .. } => {
            Action::AnswerTicket
        }
        OperatorToHub::Greet { .. } | OperatorToHub::Say { .. } => Action::SpeakToHost,
        OperatorToHub::StartSession { .. } => Action::AskForSession,
        OperatorToHub::Knock { .. }
        | OperatorToHub::KnockCode { .. }
        | OperatorToHub::ProveKnock { .. }
        | OperatorToHub::ListSleeping
        | OperatorToHub::Wake { .. } => Action::OpenHost,
        OperatorToHub::AskToSee { .. }
        | OperatorToHub::ShowingPart { .. }
        | OperatorToHub::LeaveShowing { .. } => Action::AskToSee,
        OperatorToHub::EndSession { .. } | OperatorToHub::EndForged { .. } => Action::EndSession,
        OperatorToHub::MarkMoment { .. } => Action::MarkMoment,
        OperatorToHub::DisconnectHost { .. } => Action::DisconnectHost,
        OperatorToHub::SaveReport { .. }
        | OperatorToHub::FillFields { .. }
        | OperatorToHub::AskAboutReport { .. } => Action::SaveReport,
        OperatorToHub::AskOwn { .. } => Action::KeepOwnAccount,
        OperatorToHub::ListDrafts | OperatorToHub::ListReportForms => Action::ListDrafts,
    })
}

/// What a message of a host's is; `None` for what needs nothing but a ticket, a code, a key or a place.
pub fn of_host(message: &HostToHub) -> Option<Action> {
    Some(match message {
        HostToHub::OpenTicket { .. }
        | HostToHub::ConfirmTicket { .. }
        | HostToHub::Resume { .. }
        | HostToHub::Greet { .. }
        | HostToHub::Enrol { .. }
        | HostToHub::ComeIn { .. }
        | HostToHub::LeavePlace
        | HostToHub::AnswerKnock { .. }
        | HostToHub::JudgeKnock { .. }
        | HostToHub::Lans { .. }
        | HostToHub::Woke { .. }
        | HostToHub::SeekUpdates
        | HostToHub::Leave => return None,
        HostToHub::Say { .. } | HostToHub::SendAway { .. } | HostToHub::SendForgedAway { .. } => {
            Action::SpeakForUser
        }
        HostToHub::EndSession { .. } | HostToHub::EndForged { .. } => Action::EndSession,
        HostToHub::Feedback { .. } => Action::GiveFeedback,
    })
}

/// What a question of an administrator's is, and of what: the least that it needs. Where an answer can
/// show more, its area asks again.
pub fn of_question(question: &admin::Question) -> (Action, Object) {
    use admin::Question;
    let action = match question {
        Question::Desk(desk::Question::Overview { .. } | desk::Question::Live) => Action::Oversee,
        Question::Reports(asked) => return (of_question_about_reports(asked), Object::Hub),
        Question::Films(
            films::Question::Exporting { .. }
            | films::Question::Bundle { .. }
            | films::Question::BundlePart { .. }
            | films::Question::ForgetBundle { .. },
        ) => Action::Export,
        Question::Films(
            films::Question::List { .. }
            | films::Question::Facts { .. }
            | films::Question::Picture { .. }
            | films::Question::Part { .. },
        ) => return (Action::ReadFilm, Object::Film),
        Question::Films(films::Question::Watch { .. } | films::Question::StopWatching { .. }) => {
            Action::WatchLive
        }
        Question::Own(_) => return (Action::KeepOwnAccount, Object::OwnAccount),
        Question::Audit(_) => Action::ReadAudit,
        Question::People(_)
        | Question::Settings(_)
        | Question::Hosts(_)
        | Question::Desk(desk::Question::EndSession { .. } | desk::Question::Disconnect { .. })
        | Question::Films(
            films::Question::Hold { .. }
            | films::Question::Release { .. }
            | films::Question::Erase { .. },
        ) => Action::Administer,
    };
    (action, Object::Hub)
}

fn of_question_about_reports(question: &reports::Question) -> Action {
    use reports::Question;
    match question {
        Question::List { .. }
        | Question::ListOfGroups { .. }
        | Question::Totals { .. }
        | Question::TotalsOfGroups { .. }
        | Question::Choices { .. }
        | Question::Show { .. }
        | Question::ShowWithFeedback { .. }
        | Question::Chat { .. }
        | Question::Version { .. }
        | Question::Categories
        | Question::Fields => Action::ListReports,
        Question::Export { .. } | Question::ExportPart { .. } => Action::Export,
        Question::Correct { .. }
        | Question::Erase { .. }
        | Question::ChangeCategories(_)
        | Question::ChangeFields(_) => Action::Administer,
    }
}
