# sip.conf to pjsip.conf: [general] becomes a transport and a template; each peer an endpoint with what belongs to it.
function value(name, otherwise) { return name in k ? k[name] : otherwise }

function general(    host) {
    host = value("udpbindaddr", "0.0.0.0:5060")
    print "[global]\ntype = global\nuser_agent = " value("useragent", "PBXware")
    print "\n[udp]\ntype = transport\nprotocol = udp\nbind = " host
    print "\n[reachable](!)\ntype = endpoint\ntransport = udp\ndisallow = all\nallow = " codecs
    print "direct_media = " (value("directmedia", "yes") == "no" ? "no" : "yes")
    print "rtp_symmetric = yes\nrewrite_contact = yes\nforce_rport = yes\nrtp_timeout = " value("rtptimeout", "0")
    if ("media_address" in k) print "media_address = " k["media_address"] "\nbind_rtp_to_media_address = yes"
}

function peer() {
    print "\n[" name "](reachable)\ncontext = " value("context", "nowhere") "\naors = " name
    if ("secret" in k) print "auth = " name
    if ("callerid" in k) print "callerid = " k["callerid"]
    if ("secret" in k) print "\n[" name "]\ntype = auth\nauth_type = userpass\nusername = " name "\npassword = " k["secret"]
    print "\n[" name "]\ntype = aor"
    if (value("host", "dynamic") == "dynamic") { print "max_contacts = 5\nminimum_expiration = 30"; return }
    print "contact = sip:" k["host"] ":" value("port", "5060")
    if (value("qualify", "no") != "no") print "qualify_frequency = 5"
    print "\n[" name "]\ntype = identify\nendpoint = " name "\nmatch = " k["host"]
}

function section() {
    if (name == "general") general()
    else if (name != "") peer()
    split("", k)
}

/^[ \t]*(;|$)/ { next }
/^\[/ { section(); name = $0; sub(/^\[/, "", name); sub(/\].*/, "", name); next }
{
    equals = index($0, "=")
    if (!equals) next
    key = substr($0, 1, equals - 1); text = substr($0, equals + 1)
    gsub(/^[ \t]+|[ \t]+$/, "", key); sub(/^>/, "", text); gsub(/^[ \t]+|[ \t]+$/, "", text)
    if (key == "allow" && name == "general") codecs = codecs (codecs == "" ? "" : ",") text
    else k[key] = text
}
END { section() }
