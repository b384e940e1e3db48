//! A ticket pasted into Helpme, alone or in the middle of a message (H4).

use e2e::{Cast, Size, USER_NAME};
use xkeysym::key;

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// Ten digits as an East Asian keyboard writes them.
fn wide(ticket: &str) -> String {
    let wide = |c: char| match c.to_digit(10) {
        Some(digit) => char::from_u32(0xff10 + digit).expect("a digit"),
        None => '\u{3000}',
    };
    ticket.chars().map(wide).collect()
}

/// Presses **Helpme**, waits until the operator sees who came, and goes back to the form.
fn is_let_in(cast: &mut Cast, ticket: &str) {
    let helpme = &mut cast.helpme.app;
    helpme.type_into("Your name", USER_NAME).expect("typed");
    helpme.click("Helpme").expect("clicked");
    cast.console.wait_for_computer(ticket).expect("there");
    let helpme = &mut cast.helpme.app;
    helpme.click("Use another ticket").expect("left");
    helpme.wait_for("Your name").expect("the form");
}

#[test]
fn h4_exactly_the_ticket_is_taken_from_what_is_pasted() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");

    // two numbers that could be it: nothing is taken, and a sentence says why
    let several = "call 06 123 456 7890 or type 482 913 0570 or 571 330 2214";
    cast.user_display.put_on_clipboard(several).expect("put");
    let helpme = &mut cast.helpme.app;
    helpme.click("Paste").expect("clicked");
    helpme
        .wait_for_matching("the reason", |label| label.contains("several numbers"))
        .expect("a sentence");
    // and none at all
    cast.user_display
        .put_on_clipboard("It does not print.")
        .expect("put");
    helpme.click("Paste").expect("clicked");
    helpme
        .wait_for_matching("the reason", |label| label.contains("No ticket was found"))
        .expect("a sentence");

    // the number alone, by the link
    let ticket = cast.console.generate_ticket().expect("a ticket");
    cast.user_display.put_on_clipboard(&ticket).expect("put");
    cast.helpme.app.click("Paste").expect("clicked");
    is_let_in(&mut cast, &ticket);

    // the operator's whole message, by the keys, with a date and a telephone number around it
    let ticket = cast.console.generate_ticket().expect("a ticket");
    let message = format!(
        "On 28.11.2026 at 14:30, from +39 02 1234567:\nHello,\n\nto get help, start Helpme and type \
         this ticket:\n{ticket}\n\nI can see your screen only after you agree."
    );
    cast.user_display.put_on_clipboard(&message).expect("put");
    let helpme = &mut cast.helpme.app;
    helpme.type_into("Ticket", "").expect("the boxes");
    helpme
        .hands()
        .chord(&[key::Control_L, key::v])
        .expect("typed");
    is_let_in(&mut cast, &ticket);

    // wide digits
    let ticket = cast.console.generate_ticket().expect("a ticket");
    cast.user_display
        .put_on_clipboard(&wide(&ticket))
        .expect("put");
    cast.helpme.app.click("Paste").expect("clicked");
    is_let_in(&mut cast, &ticket);
}
