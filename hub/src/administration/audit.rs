//! Answers to the administration's questions about the audit log.

use protocol::Refusal;
use protocol::admin::audit::{Answer, Question};
use session::authority::{Action, Object};

use super::{Administrator, Office};

pub(super) async fn answer(
    office: &Office,
    who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    who.check(Action::ReadAudit, Object::Hub)?;
    match question {
        Question::List { filter, page } => {
            let rows = office.read(move |catalogue| catalogue.audit_rows(&filter, page));
            Ok(Answer::Rows(rows.await?))
        }
        Question::Verify => {
            let verified = office.read(|catalogue| catalogue.verify_audit(&[]));
            Ok(Answer::Verified(verified.await?))
        }
    }
}
