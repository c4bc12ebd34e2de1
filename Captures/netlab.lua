-- The crafted messages of `netlab send` and the answers of `netlab receive`, for Wireshark 4.
--
-- Copy this file into Wireshark's folder for Lua plugins (Help, About Wireshark, Folders), or
--
--     tshark -X lua_script:netlab.lua -r crafted-exchange.pcapng
--     tshark -X lua_script:netlab.lua -r crafted-exchange.pcapng -Y 'netlab.kind == "resend"'
--
-- It shows what can be told without the key: what each segment is for, which try of its message, and
-- the parts of the Fernet token. `netlab read --key-file KEY` shows the text, too.
--
-- It looks at every TCP segment after Wireshark has, whatever the ports are. It is no TCP
-- subdissector, since Wireshark hands retransmissions to none, and retries are what there is to see.

local netlab = Proto("netlab", "netlab Exchange")

local MESSAGE, ACK, RESEND, REFUSED, ANSWER = 0, 1, 2, 3, 4
local words = { [0] = "message", "ack", "resend", "refused", "answer" }

local own = {
  kind = ProtoField.uint8("netlab.kind", "Kind", base.DEC, words),
  seq = ProtoField.uint32("netlab.seq", "Sequence Number (raw)"),
  try = ProtoField.uint32("netlab.try", "Try"),
  first = ProtoField.framenum("netlab.first", "First try in frame"),
  answers = ProtoField.framenum("netlab.answers", "Answers frame"),
  answers_seq = ProtoField.uint32("netlab.answers.seq", "Answers sequence number (raw)"),
  len = ProtoField.uint32("netlab.len", "Token Length", base.DEC),
  damaged = ProtoField.bool("netlab.damaged", "Damaged on the way"),
  token = ProtoField.string("fernet.token", "Token"),
  version = ProtoField.uint8("fernet.version", "Version", base.HEX),
  time = ProtoField.absolute_time("fernet.time", "Time", base.UTC),
  iv = ProtoField.bytes("fernet.iv", "Initialisation Vector"),
  ciphertext = ProtoField.uint32("fernet.ciphertext.length", "Ciphertext Length", base.DEC),
  hmac = ProtoField.bytes("fernet.hmac", "HMAC"),
}
netlab.fields = own

local get = {
  stream = Field.new("tcp.stream"),
  source = Field.new("tcp.srcport"),
  header = Field.new("tcp.hdr_len"),
  flags = Field.new("tcp.flags"),
  seq = Field.new("tcp.seq_raw"),
  ack = Field.new("tcp.ack_raw"),
  len = Field.new("tcp.len"),
  payload = Field.new("tcp.payload"),
  tcp_sum = Field.new("tcp.checksum.status"),
  ip_sum = Field.new("ip.checksum.status"),
  icmp = Field.new("icmp.type"),
  icmpv6 = Field.new("icmpv6.type"),
}

-- What was found out about each frame, once, in the order of the capture.
local found = {}
-- By tcp.stream: who sends messages, and the messages by where they begin and where they end.
local runs = {}

function netlab.init()
  found = {}
  runs = {}
end

local FIN, SYN, RST, PSH, ACKED, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

local function has(flags, bit_) return bit.band(flags, bit_) ~= 0 end

-- Version 0x80, and a time before the year 2106.
local function begins(text, at)
  local six = text:sub(at, at + 5)
  return six:find("^gAAA..") ~= nil or six:find("^g.AAAA") ~= nil
end

-- Whether a token of so many characters ends with its last octet: 57 octets and blocks of 16.
local function is_whole(count, padding)
  return count >= 100 and count % 4 == 0 and (count / 4 * 3 - padding - 57) % 16 == 0
end

-- One token, a damaged one included, and nothing else.
local function is_token(text, missing)
  if not begins(text, 1) then return false end
  local is_word = text:find('[^!-~]') == nil and text:find('["\\]') == nil
  if missing > 0 then return #text + missing >= 64 and is_word end
  local _, _, padding = text:find("^[%w%-_]+(=?=?)$")
  if padding and is_whole(#text, #padding) then return true end
  local fits = is_whole(#text, 0) or is_whole(#text, 1) or is_whole(#text, 2)
  if not fits and not (is_word and #text >= 64) then return false end
  for at = 65, #text do
    if text:byte(at) == 0x67 and begins(text, at) then return false end
  end
  return true
end

-- A retry has the number of the first try.
local function note_try(run, number, seq, len)
  local sent = run.begun[seq] or { seq = seq, tries = 0, answers = 0, first = number }
  sent.tries = sent.tries + 1
  sent.last = number
  run.begun[seq] = sent
  run.ended[(seq + len) % 4294967296] = sent
  return { kind = MESSAGE, seq = seq, try = sent.tries, first = sent.first }
end

-- An answer acknowledges the message that ends at its number, or asks again for the one that begins
-- there. Where both are known, each try of the first is acknowledged once.
local function note_answer(run, ack, flags)
  local begun, ended = run.begun[ack], run.ended[ack]
  local kind, about = ANSWER, nil
  if has(flags, FIN) then
    kind, about = REFUSED, ended
  elseif ended and (not begun or ended.answers < ended.tries) then
    kind, about = ACK, ended
  elseif begun then
    kind, about = RESEND, begun
  end
  if about and kind ~= REFUSED then about.answers = about.answers + 1 end
  return { kind = kind, answers = about and about.last, answers_seq = about and about.seq }
end

local function examine(pinfo)
  -- An ICMP error quotes a segment; it is none.
  if get.icmp() or get.icmpv6() then return nil end
  local stream, flags = get.stream().value, get.flags().value
  local run = runs[stream] or { begun = {}, ended = {} }
  runs[stream] = run
  -- A connection that was opened is a kernel's, whatever it carries.
  if has(flags, SYN) then run.is_stream = true end
  local payload, len = get.payload(), get.len()
  if run.is_stream or not payload or not len or len.value == 0 then return nil end
  local text = payload.range:raw()
  local is_plain = get.header().value == 20 and has(flags, PSH) and has(flags, ACKED)
    and not has(flags, RST) and not has(flags, URG)
  if not is_plain or not is_token(text, len.value - #text) then
    if begins(text, 1) and not has(flags, RST) then run.is_stream = true end
    return nil
  end
  local source = tostring(pinfo.src) .. " " .. get.source().value
  if not run.sender then
    -- Who is heard first sends messages, unless it refuses one.
    if has(flags, FIN) then run.receiver = source else run.sender = source end
  end
  local result
  if source ~= run.receiver and source == (run.sender or source) then
    run.sender = source
    result = note_try(run, pinfo.number, get.seq().value, len.value)
  else
    result = note_answer(run, get.ack().value, flags)
  end
  result.len = len.value
  local tcp_sum, ip_sum = get.tcp_sum(), get.ip_sum()
  result.damaged = (tcp_sum ~= nil and tcp_sum.value == 0) or (ip_sum ~= nil and ip_sum.value == 0)
  return result
end

local function show_token(tree, range)
  local text = range:raw()
  tree:add(own.token, range, text)
  if #text % 4 ~= 0 or not text:find("^[%w%-_]+=?=?$") then return end
  local standard = text:gsub("-", "+"):gsub("_", "/")
  local octets = ByteArray.new(standard, true):base64_decode()
  if octets:len() < 73 then return end
  local token = octets:tvb("Fernet token")
  tree:add(own.version, token(0, 1))
  tree:add(own.time, token(1, 8), NSTime.new(token(1, 8):uint64():tonumber(), 0))
  tree:add(own.iv, token(9, 16))
  tree:add(own.ciphertext, token(25, token:len() - 57), token:len() - 57):append_text(" bytes")
  tree:add(own.hmac, token(token:len() - 32, 32))
end

local function info(result)
  local text = "netlab " .. words[result.kind]:upper()
  if result.kind == MESSAGE then
    text = string.format("%s seq=%.0f try %d len=%d", text, result.seq, result.try, result.len)
  elseif result.answers then
    text = string.format("%s seq=%.0f [frame %d]", text, result.answers_seq, result.answers)
  end
  return result.damaged and text .. " damaged" or text
end

function netlab.dissector(tvb, pinfo, root)
  if not get.stream() then return end
  if not pinfo.visited or found[pinfo.number] == nil then
    found[pinfo.number] = examine(pinfo) or false
  end
  local result = found[pinfo.number]
  if not result then return end
  pinfo.cols.protocol = "netlab"
  pinfo.cols.info = info(result)
  local range = get.payload().range
  local tree = root:add(netlab, range)
  tree:append_text(", " .. words[result.kind]:upper())
  tree:add(own.kind, result.kind):set_generated()
  if result.kind == MESSAGE then
    tree:append_text(", Try: " .. result.try)
    tree:add(own.seq, result.seq):set_generated()
    tree:add(own.try, result.try):set_generated()
    if result.try > 1 then tree:add(own.first, result.first):set_generated() end
  elseif result.answers then
    tree:add(own.answers, result.answers):set_generated()
    tree:add(own.answers_seq, result.answers_seq):set_generated()
  end
  tree:add(own.len, result.len):append_text(" bytes"):set_generated()
  tree:add(own.damaged, result.damaged):set_generated()
  show_token(tree, range)
end

register_postdissector(netlab)
