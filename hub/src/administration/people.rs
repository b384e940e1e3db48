//! Answers to the administration's questions about people.

use protocol::Refusal;
use protocol::admin::people::{Answer, Question};

use super::{Administrator, Office};

pub(super) async fn answer(
    _office: &Office,
    _who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    match question {}
}
