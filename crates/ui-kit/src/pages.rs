//! Web pages open in the user's browser.

use std::thread;

use egui::{Context, FullOutput, OutputCommand, Plugin};

/// Opens from now on what windows of `ctx` ask egui to open, if it is a web page or a mail.
pub(crate) fn install(ctx: &Context) {
    ctx.add_plugin(Pages { open });
}

struct Pages<O> {
    open: O,
}

impl<O: Fn(String) + Send + Sync + 'static> Plugin for Pages<O> {
    fn debug_name(&self) -> &'static str {
        "web pages"
    }

    fn output_hook(&mut self, _ctx: &Context, output: &mut FullOutput) {
        let commands = std::mem::take(&mut output.platform_output.commands);
        for command in commands {
            if let OutputCommand::OpenUrl(page) = command {
                (self.open)(page.url);
            } else {
                output.platform_output.commands.push(command);
            }
        }
    }
}

/// Looking for a browser may take a while.
fn open(url: String) {
    let look = move || {
        if let Err(error) = desktop::open_url(&url) {
            tracing::warn!(%error, "Page not opened");
        }
    };
    let begun = thread::Builder::new().name("page".to_owned()).spawn(look);
    if let Err(error) = begun {
        tracing::error!(%error, "No thread to open a page with");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use egui::OpenUrl;

    use super::*;

    #[test]
    fn a_page_is_opened_once_and_what_else_was_asked_for_stays() {
        let (opened, pages) = mpsc::sync_channel(4);
        let ctx = Context::default();
        let open = move |url| opened.send(url).expect("somebody listens");
        ctx.add_plugin(Pages { open });
        let output = ctx.run_ui(Default::default(), |ui| {
            ui.ctx().open_url(OpenUrl::new_tab("https://example.org/"));
            ui.ctx().copy_text("copied".to_owned());
        });
        let commands = output.platform_output.commands.clone();
        output.drop_without_applying_deltas();
        let copied = OutputCommand::CopyText("copied".to_owned());
        assert_eq!(commands, [copied]);
        let pages: Vec<String> = pages.try_iter().collect();
        assert_eq!(pages, ["https://example.org/"]);
    }
}
