import PacketCore
import Testing

/// Numbers and addresses as text, held against the standard library.
@Suite struct TextBufferTests {
  private func text(_ write: (inout TextBuffer) -> Void) -> String {
    var buffer = TextBuffer(capacity: 1)
    write(&buffer)
    return buffer.string
  }

  @Test func numbersEqualTheStandardLibrarys() {
    var generator = SystemRandomNumberGenerator()
    var numbers: [UInt64] = [0, .max, 1 << 32, (1 << 32) - 1]
    var power: UInt64 = 1
    for _ in 0..<20 {
      numbers += [power, power - 1, power + 1]
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    numbers += (0..<2000).map { shift in
      UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64(shift % 64)
    }
    for number in numbers {
      #expect(text { $0.append(number) } == String(number))
      #expect(TextBuffer.digits(of: number) == String(number).count)
      let padded = String(number)
      let spaces = String(repeating: " ", count: max(0, 12 - padded.count))
      #expect(text { $0.append(number, rightAlignedTo: 12) } == spaces + padded)
      let zeros = String(repeating: "0", count: max(0, 9 - padded.count))
      #expect(text { $0.append(number, zeroPaddedTo: 9) } == zeros + padded)
      #expect(
        text { $0.append(hex: number, digits: 16) }
          == String(repeating: "0", count: 16 - String(number, radix: 16).count)
          + String(number, radix: 16))
      let signed = Int64(bitPattern: number)
      #expect(text { $0.append(signed) } == String(signed))
    }
  }

  @Test func widthsOfEverySizeAreFilled() {
    for number: UInt64 in [0, 7, 10, 999, 1000, 9999, 10_000, 123_456, 99_999_999, 100_000_000] {
      let digits = String(number)
      for width in -1...40 {
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        #expect(text { $0.append(number, zeroPaddedTo: width) } == zeros + digits)
        let spaces = String(repeating: " ", count: max(0, width - digits.count))
        #expect(text { $0.append(number, rightAlignedTo: width) } == spaces + digits)
        #expect(text { $0.append(byte: 46, times: width) }.count == max(0, width))
      }
      if number < 1_000_000 {
        let zeros = String(repeating: "0", count: 6 - digits.count)
        #expect(text { $0.append(millionths: UInt32(number)) } == "." + zeros + digits)
      }
    }
  }

  /// What is written through a cursor is what the buffer itself appends.
  @Test func aCursorWritesTheSame() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("TextBufferTests seed \(seed)")
    var generator = SeededNumbers(seed: seed)
    var numbers: [UInt32] = [0, 9, 10, 99_999_999, 100_000_000, 999_999_999, .max]
    numbers += (0..<2000).map { UInt32.random(in: 0...UInt32.max, using: &generator) >> ($0 % 32) }
    for number in numbers {
      #expect(text { $0.extend(atMost: 16) { $0.write(any: number) } } == String(number))
      #expect(
        text { $0.extend(atMost: 21) { $0.write(" Len=", any: number) } } == " Len="
          + String(number))
      guard number < 100_000_000 else { continue }
      for width in 1...8 {
        #expect(
          text { $0.extend(atMost: 8) { $0.write(number, alignedTo: width) } }
            == text { $0.append(UInt64(number), rightAlignedTo: width) })
      }
      let millionths = number % 1_000_000
      #expect(
        text { $0.extend(atMost: 8) { $0.write(millionths: millionths) } }
          == text { $0.append(millionths: millionths) })
    }
    for number in numbers {
      let address = IPv4Address(number)
      let plain = text { $0.append(address) }
      for width in [12, 16] {
        let spaces = String(repeating: " ", count: max(width - plain.count, 0))
        let right = text { buffer in
          buffer.append("[")
          buffer.extend(atMost: 40) { cursor in
            cursor.write(address, rightAlignedTo: width)
            cursor.write(byte: 0x5d)
          }
        }
        #expect(right == "[" + spaces + plain + "]")
        let port = UInt16(truncatingIfNeeded: number >> (number % 13))
        let end = plain + ":" + String(port)
        let withPort = text {
          $0.extend(atMost: 64) { $0.write(address, port: port, rightAlignedTo: width) }
        }
        #expect(withPort == String(repeating: " ", count: max(width - end.count, 0)) + end)
        let left = text { buffer in
          buffer.extend(atMost: 40) { cursor in
            let mark = cursor.mark
            cursor.write(address, rightAlignedTo: 0)
            cursor.pad(from: mark, to: width)
            cursor.write(" → ")
          }
        }
        #expect(left == plain + spaces + " → ")
        let padded = text { buffer in
          buffer.extend(atMost: 40) { cursor in
            cursor.write(address, paddedTo: width)
            cursor.write(byte: 0x5d)
          }
        }
        #expect(padded == plain + spaces + "]")
      }
    }
  }

  @Test func oneOctetIsReplaced() {
    #expect(
      text {
        $0.append("a,b")
        $0.replace(at: 1, with: 0x20)
      } == "a b")
  }

  @Test func aLiteralTakesThePlaceOfOctets() {
    for name: StaticString in [
      "", "A", "TCP", "Socket.IO", "a name that is longer than what was there",
    ] {
      let line = text {
        $0.append("1 TCP 66")
        $0.replace(2..<5, with: name)
        $0.append("!")
      }
      #expect(line == "1 \(name) 66!")
    }
  }

  @Test func octetsOfEveryCountAreCopied() {
    let octets = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) & 0x7f | 1 }
    for count in 0...600 {
      let copied = text {
        $0.append("<")
        $0.append(octets.span.bytes.extracting(first: count))
        $0.append(">")
      }
      #expect(Array(copied.utf8) == [0x3c] + octets.prefix(count) + [0x3e])
    }
    let words = text {
      $0.extend(atMost: 40) { cursor in
        cursor.write(0x6867_6665_6463_6261, 0x706f_6e6d_6c6b_6a69, columns: 16)
        cursor.write(0x6867_6665_6463_6261, 0x706f_6e6d_6c6b_6a69, columns: 9)
        cursor.write(byte: 0x2e)
      }
    }
    #expect(words == "abcdefghijklmnopabcdefghi.")
  }

  @Test func literalsOfEveryLengthAreCopied() {
    #expect(text { $0.append("") } == "")
    #expect(text { $0.append("a") } == "a")
    #expect(text { $0.append("ab") } == "ab")
    #expect(text { $0.append("abc") } == "abc")
    #expect(text { $0.append("abcd") } == "abcd")
    #expect(text { $0.append("abcdefg") } == "abcdefg")
    #expect(text { $0.append("abcdefgh") } == "abcdefgh")
    #expect(text { $0.append("abcdefghijklmnop") } == "abcdefghijklmnop")
    #expect(text { $0.append("abcdefghijklmnopq") } == "abcdefghijklmnopq")
  }

  @Test func everyIPv4OctetIsWritten() {
    for octet in UInt32(0)...255 {
      let address = IPv4Address(octet << 24 | (255 - octet) << 16 | octet << 8 | 7)
      let expected = "\(octet).\(255 - octet).\(octet).7"
      #expect(text { $0.append(address) } == expected)
      let spaces = String(repeating: " ", count: max(0, 15 - expected.count))
      #expect(text { $0.append(Address(address), rightAlignedTo: 15) } == spaces + expected)
    }
  }

  // RFC 5952 sections 4 and 5, and its own examples.
  @Test(
    arguments: zip(
      [
        (0x2001_0db8_0000_0000, 0x0000_0000_0000_0001), (0, 0), (0, 1),
        (0x2001_0db8_0000_0001, 0x0001_0001_0001_0001),
        (0x2001_0000_0000_0001, 0x0000_0000_0000_0001),
        (0x2001_0db8_0000_0000, 0x0001_0000_0000_0001),
        (0xfe80_0000_0000_0000, 0x0000_0000_0000_0000), (0, 0x0000_ffff_0a00_0001),
        (0x0001_0002_0003_0004, 0x0005_0006_0007_0000),
      ] as [(UInt64, UInt64)],
      [
        "2001:db8::1", "::", "::1", "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1",
        "2001:db8::1:0:0:1", "fe80::", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:0",
      ]))
  func ipv6IsCanonical(_ halves: (UInt64, UInt64), _ expected: String) {
    #expect(text { $0.append(IPv6Address(high: halves.0, low: halves.1)) } == expected)
  }
}
