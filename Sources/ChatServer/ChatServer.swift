/// Rooms, pages and history of the bundled chat.
enum ChatServer {}
