import Protocols
import Testing

@testable import ChatClient

/// Messages that a client has missed.
@Suite struct ChatSessionGapTests {
  @Test func messagesBetweenAreFetchedBeforeAnythingIsTold() {
    var bench = SessionBench()
    bench.join(message(1, "1"), last: 1)
    bench.lose()
    bench.forget()
    bench.join(message(6, "6") + "," + message(7, "7"), last: 7, more: true)
    #expect(bench.sent.last == #"421["earlier",{"before":6}]"#)
    bench.receive(#"42["message",\#(message(8, "8"))]"#)
    #expect(bench.texts == [])
    bench.receive(
      #"431[{"messages":[\#(message(4, "4")),\#(message(5, "5"))],"more":true}]"#)
    #expect(bench.sent.last == #"422["earlier",{"before":4}]"#)
    bench.receive(
      #"432[{"messages":[\#(message(1, "1")),\#(message(2, "2"))],"more":false}]"#)
    #expect(bench.texts == ["2", "4", "5", "6", "7", "8"])
  }

  @Test func aLossWhileFetchingLosesNothing() {
    var bench = SessionBench()
    bench.join(message(1, "1"), last: 1)
    bench.lose()
    bench.join(message(6, "6"), last: 6, more: true)
    bench.lose()
    bench.forget()
    bench.join(message(6, "6"), last: 6, more: true)
    #expect(bench.sent.first?.contains(#""after":1}"#) == true)
    bench.receive(#"432[{"messages":[\#(message(5, "5"))],"more":false}]"#)
    #expect(bench.texts == ["5", "6"])
  }

  @Test func aServerThatRepeatsItselfIsNotAskedForEver() {
    var bench = SessionBench()
    bench.join(message(1, "1"), last: 1)
    bench.lose()
    bench.join(message(6, "6"), last: 6, more: true)
    bench.forget()
    bench.receive(#"431[{"messages":[\#(message(6, "6"))],"more":true}]"#)
    #expect(bench.sent == [])
    #expect(bench.texts == ["6"])
  }

  @Test func aServerThatBeganAnewIsBelieved() {
    var bench = SessionBench()
    bench.join(message(1, "old 1") + "," + message(2, "old 2"), last: 2)
    bench.lose()
    bench.forget()
    bench.join("", last: 0)
    bench.receive(#"42["message",\#(message(1, "new 1"))]"#)
    #expect(bench.texts == ["new 1"])
  }

  /// Whatever is lost when: every message that the server has is told once, in order, and every one
  /// that was said arrives once.
  @Test func nothingIsLostAndNothingTwice() {
    let seed = UInt64.random(in: 0 ... .max)
    var numbers = Numbers(seed)
    for _ in 0..<200 {
      var bench = SessionBench()
      var server = PlayedServer()
      var said = 0
      bench.join(server.after(0), last: 0)
      bench.forget()
      var told: [String] = []
      for step in 0..<60 {
        switch numbers.next() % 8 {
        case 0 where step < 50:
          bench.lose()
          // What others say meanwhile.
          for _ in 0..<numbers.next() % 3 { _ = server.put("other \(step)", key: nil) }
          told += bench.texts
          bench.forget()
          let known = bench.session.last?.value.integer ?? 0
          bench.join(server.after(Int(known)), last: server.log.count)
        case 1, 2:
          said += 1
          bench.handle(.say("own \(said)"))
        case 3:
          let id = server.put("other \(step)", key: nil)
          bench.receive(#"42["message",\#(message(id, server.log[id - 1].text))]"#)
        default: bench.receive("2")
        }
        // The server takes some of what was sent; its answers may be lost with the connection.
        let takes = numbers.next() % 3
        if takes > 0 {
          for packet in bench.sent {
            guard let (ack, text, key) = PlayedServer.read(packet) else { continue }
            let isNew = server.keys[key] == nil
            let id = server.put(text, key: key)
            if isNew { bench.receive(#"42["message",\#(message(id, text, sender: "Alice"))]"#) }
            if takes > 1 { bench.receive(#"43\#(ack)[{"id":\#(id)}]"#) }
          }
        }
        told += bench.texts
        bench.forget()
      }
      #expect(told == server.log.map(\.text), "seed \(seed)")
      let own = server.log.filter { $0.text.hasPrefix("own") }.map(\.text)
      #expect(Set(own).count == own.count, "seed \(seed)")
    }
  }
}
