import Foundation
import Testing

/// `netlab windows`: the table, its forms, the picture.
@Suite struct WindowsCommandTests {
  @Test func theTableIsEightyColumnsWide() throws {
    let result = try run(["windows", "--loss", "0,10", "--window", "1,4"])
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(lines.filter { $0.hasPrefix("stop-and-wait") }.count == 2)
    #expect(lines.filter { $0.hasPrefix("go-back-n") }.count == 2)
    #expect(lines.filter { $0.hasPrefix("selective-repeat") }.count == 2)
    // 1.2 ms to send and 20 ms of travel: 1.2 / 21.2 is 5.7 %.
    #expect(lines[2].contains("5.7 %"))
    #expect(try run(["windows", "--loss", "0,10", "--window", "1,4"]).output == result.output)
  }

  @Test func rowsForPrograms() throws {
    let options = ["windows", "--loss", "0,20", "--window", "8", "--seed", "3"]
    let csv = try run(options + ["-T", "csv"]).output.split(separator: "\n")
    #expect(csv.count == 5)
    #expect(csv[0] == "recovery,window,loss,goodput,utilisation,theory,segments_per_part")
    #expect(csv.allSatisfy { $0.split(separator: ",").count == 7 })
    let lines = try run(options + ["-T", "jsonl"]).output.split(separator: "\n")
    let objects = try lines.map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(
      objects.compactMap { $0["type"] as? String }
        == ["header", "window", "window", "window", "window", "end"])
    #expect(objects[0]["schema"] as? String == "netlab/1" && objects[0]["seed"] as? Int == 3)
    #expect(objects[5]["rows"] as? Int == 4)
  }

  @Test func thePictureHasALineForEach() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("w.svg")
    let result = try run(["windows", "--window", "1,4", "--loss", "0,5,20", "--svg", path])
    #expect(result.status == 0)
    let picture = try String(contentsOfFile: path, encoding: .utf8)
    #expect(picture.contains("percent of parts lost") && picture.contains("go-back-n, 4 parts"))
    #expect(picture.components(separatedBy: "stroke-dasharray").count == 4)
    #expect(!picture.contains("seconds since"))
  }

  @Test(arguments: [
    ["--loss", "96"], ["--loss", ""], ["--loss", "nan"], ["--window", "0"], ["--window", "1025"],
    ["--delay", "11s"], ["--rate", "0"], ["--rate", "10X"], ["--rate", "inf"],
  ]) func whatMakesNoSenseIsRefused(_ options: [String]) throws {
    let result = try run(["windows"] + options)
    #expect(result.status == 64 && result.errors.hasPrefix("netlab: \(options[0]) is"))
  }
}
