//! Answers to the administration's questions about films.

use protocol::admin::films::{Answer, Question};
use protocol::{Refusal, RefusalCode};

use super::{Administrator, Office};

pub(super) async fn answer(
    _office: &Office,
    _who: &Administrator,
    _question: Question,
) -> Result<Answer, Refusal> {
    Err(RefusalCode::OUT_OF_PLACE.into())
}
