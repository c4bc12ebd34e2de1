import Testing

@testable import ChatServer
