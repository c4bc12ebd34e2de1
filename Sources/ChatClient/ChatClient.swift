/// The chat from the other end.
enum ChatClient {}
