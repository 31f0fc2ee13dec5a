mod class;
mod command;
mod pipeline;
mod repeat;
mod server;
mod table;

/// A command from words separated by blanks.
fn words(line: &str) -> redis::Cmd {
    let mut command = redis::Cmd::new();
    for word in line.split_ascii_whitespace() {
        command.arg(word);
    }
    command
}
