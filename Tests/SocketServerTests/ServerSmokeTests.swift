import Protocols
import Testing

@testable import SocketServer

@Suite struct ServerSmokeTests {
  @Test func socketIOOverWebSocket() async throws {
    let server = try await TestServer.start()
    let socket = try await server.webSocket("/socket.io/?EIO=4&transport=websocket")
    #expect(try await socket.text().hasPrefix("0{\"sid\":\""))
    socket.send(text: "40{\"token\":\"123\"}")
    #expect(try await socket.text().hasPrefix("40{\"sid\":\""))
    #expect(try await socket.text() == "42[\"auth\",{\"token\":\"123\"}]")
    socket.send(text: "42[\"message\",1,\"2\",{\"3\":[true]}]")
    #expect(try await socket.text() == "42[\"message-back\",1,\"2\",{\"3\":[true]}]")
    socket.send(text: "42456[\"message-with-ack\",1]")
    #expect(try await socket.text() == "43456[1]")
    await server.stop()
    #expect(try await socket.text() == "1")
    #expect(try await socket.closed() == 1001)
  }

  @Test func socketIOOverPolling() async throws {
    let server = try await TestServer.start()
    let sid = try await server.openPolling()
    let url = "/socket.io/?EIO=4&transport=polling&sid=\(sid)"
    #expect(try await server.post(url, "40").text == "ok")
    #expect(try await server.get(url).text.hasPrefix("40{\"sid\":\""))
    #expect(try await server.post(url, "42[\"message\",1]\u{1e}42[\"message\",2]").status == 200)
    var body = try await server.get(url).text
    while !body.hasSuffix("[\"message-back\",2]") { body += try await server.get(url).text }
    await server.stop()
  }

  @Test func plainEchoAndHTTP() async throws {
    let server = try await TestServer.start()
    let socket = try await server.webSocket("/echo")
    socket.send(text: "hällo")
    #expect(try await socket.text() == "hällo")
    socket.close(1000)
    #expect(try await socket.closed() == 1000)
    let response = try await server.get("/a%20b?c=d")
    #expect(response.status == 200)
    #expect(response.text == "GET /a b ")
    await server.stop()
  }
}
