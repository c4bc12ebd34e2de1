extension OptionSet where Element == Self {
  /// Whether a member is in it, to be asked and set as a property is.
  @inlinable
  subscript(_ member: Self) -> Bool {
    get { contains(member) }
    set { if newValue { insert(member) } else { remove(member) } }
  }
}
