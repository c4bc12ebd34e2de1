import CLinux
import Glibc

/// A classic BPF program that the kernel runs on each packet for a socket before the socket sees
/// it. Needs no privilege, touches no firewall rule, and goes with the socket.
///
/// On a TCP socket of either family the packet begins at the TCP header.
public struct SocketFilter: Sendable, Equatable {
  /// One instruction; the numbers are those of linux/bpf_common.h.
  public struct Instruction: Sendable, Equatable {
    public var code: UInt16
    /// Instructions to pass over when the comparison holds, and when not.
    public var whenTrue: UInt8 = 0
    public var whenFalse: UInt8 = 0
    public var operand: UInt32 = 0

    init(
      _ code: UInt16, _ operand: UInt32 = 0, true whenTrue: UInt8 = 0, false whenFalse: UInt8 = 0
    ) {
      self.code = code
      self.operand = operand
      self.whenTrue = whenTrue
      self.whenFalse = whenFalse
    }
  }

  public let instructions: [Instruction]

  init(_ instructions: [Instruction]) { self.instructions = instructions }

  /// Drops everything.
  public static let dropAll = SocketFilter([Instruction(Code.returnConstant, 0)])

  /// Drops the segments whose payload begins with these four octets, and nothing else.
  ///
  /// - Parameter start: The octets as a number, the first one highest.
  public static func dropPayload(beginningWith start: UInt32) -> SocketFilter {
    SocketFilter([
      // RFC 9293, 3.1: the upper four bits of octet 12 count the header's 32-bit words.
      Instruction(Code.loadOctet, 12),
      Instruction(Code.shiftRight, 2),
      Instruction(Code.and, 0x3c),
      Instruction(Code.copyToX),
      // A load past the end would end the program and drop the segment: the lengths first.
      Instruction(Code.loadLength),
      Instruction(Code.ifAtLeastX, true: 0, false: 4),
      Instruction(Code.subtractX),
      Instruction(Code.ifAtLeast, 4, true: 0, false: 2),
      Instruction(Code.loadWordFromX, 0),
      Instruction(Code.ifEqual, start, true: 1, false: 0),
      Instruction(Code.returnConstant, .max),
      Instruction(Code.returnConstant, 0),
    ])
  }

  /// From now on the kernel asks the program about each packet for this socket; for a listening
  /// socket, sockets accepted from it too.
  ///
  /// - Throws: `SocketFailure`: `.permission` where the kernel lets only CAP_NET_ADMIN do it, as
  ///   recent ones do; `.system` when the descriptor is no socket or the kernel has no memory.
  public func attach(to descriptor: Int32) throws(SocketFailure) {
    let program = instructions.map {
      netlab_filter_instruction(
        code: $0.code, jump_true: $0.whenTrue, jump_false: $0.whenFalse, operand: $0.operand)
    }
    guard netlab_filter_attach(descriptor, program, UInt16(clamping: program.count)) == 0 else {
      let number = errno
      guard number == EPERM else {
        throw SocketFailure(.system, "the socket takes no filter: \(systemMessage(number))")
      }
      throw SocketFailure(
        .permission, "keeping the kernel quiet on the port needs the capability CAP_NET_ADMIN here",
        remedy: Capabilities.current.remedy())
    }
  }

  /// Takes the filter off a socket; a socket without one stays as it is.
  public static func detach(from descriptor: Int32) { _ = netlab_filter_detach(descriptor) }

  /// class | size or operation | mode or source of the operand.
  enum Code {
    static let loadOctet: UInt16 = 0x30  // BPF_LD | BPF_B | BPF_ABS
    static let loadWordFromX: UInt16 = 0x40  // BPF_LD | BPF_W | BPF_IND
    static let loadLength: UInt16 = 0x80  // BPF_LD | BPF_W | BPF_LEN
    static let copyToX: UInt16 = 0x07  // BPF_MISC | BPF_TAX
    static let shiftRight: UInt16 = 0x74  // BPF_ALU | BPF_RSH | BPF_K
    static let and: UInt16 = 0x54  // BPF_ALU | BPF_AND | BPF_K
    static let subtractX: UInt16 = 0x1c  // BPF_ALU | BPF_SUB | BPF_X
    static let ifEqual: UInt16 = 0x15  // BPF_JMP | BPF_JEQ | BPF_K
    static let ifAtLeast: UInt16 = 0x35  // BPF_JMP | BPF_JGE | BPF_K
    static let ifAtLeastX: UInt16 = 0x3d  // BPF_JMP | BPF_JGE | BPF_X
    static let returnConstant: UInt16 = 0x06  // BPF_RET | BPF_K
  }
}

/// Keeps the kernel silent about crafted messages on a port where a server listens: segments whose
/// payload begins like a Fernet token never reach TCP, so nothing answers them with RST; all other
/// segments do, so clients connect as usual and strays get their RST.
///
/// Accepted sockets inherit the filter and must lose it, else a connection on which some segment
/// happens to begin so stalls for ever.
public enum ListeningFilter {
  /// What every Fernet token begins with in base64: version 0x80 and the time's upper octets, which
  /// stay zero until the year 2106.
  public static let tokenStart: UInt32 = 0x6741_4141  // "gAAA"

  /// Puts the filter on a listening socket, best before `listen`.
  ///
  /// - Throws: `SocketFailure(.system)` when the kernel does not take it.
  public static func attach(to listeningDescriptor: Int32) throws(SocketFailure) {
    try SocketFilter.dropPayload(beginningWith: tokenStart).attach(to: listeningDescriptor)
  }

  /// Takes the inherited filter off an accepted socket; safe on one that has none.
  public static func detach(from acceptedDescriptor: Int32) {
    SocketFilter.detach(from: acceptedDescriptor)
  }
}
