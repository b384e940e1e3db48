//! Answers to the administration's questions about audit.

use protocol::admin::audit::{Answer, Question};
use protocol::{Refusal, RefusalCode};

use super::{Administrator, Office};

pub(super) async fn answer(
    _office: &Office,
    _who: &Administrator,
    _question: Question,
) -> Result<Answer, Refusal> {
    Err(RefusalCode::OUT_OF_PLACE.into())
}
