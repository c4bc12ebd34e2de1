import PacketCore

/// A dissection for values that are copied, as it is not: copies have the same one.
final class KeptDissection {
  var dissection = Dissection()
}
