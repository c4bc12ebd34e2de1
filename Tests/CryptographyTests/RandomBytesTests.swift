import Cryptography
import Testing

@Suite struct RandomBytesTests {
  @Test func twoDrawsDiffer() throws {
    let one = try #require(RandomBytes.make(16))
    let other = try #require(RandomBytes.make(16))
    #expect(one.count == 16)
    #expect(one != other)
    #expect(RandomBytes.make(0) == [])
  }
}
