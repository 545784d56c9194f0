// Asks ModSecurity itself which rules fire on whole requests and responses, for comparison.
//   transactions RULES < requests      RULES: a file of SecLang
// A line of the input is a request with its response: fields in hexadecimal (`-` for empty ones) with a blank between
// them: method, target, version (1.1), number of header fields, name and value of each, body; then status, number of
// header fields, name and value of each, body of the response. A line of the output has `id=logdata` of the rules that
// matched, logdata in hexadecimal, with tabs between them. Build: g++ -O1 -o transactions transactions.cc -lmodsecurity
#include <modsecurity/modsecurity.h>
#include <modsecurity/rule_message.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include <iostream>
#include <sstream>
#include <string>

namespace {

void collect(void *data, const void *message) {
    static const char digits[] = "0123456789abcdef";
    auto *line = static_cast<std::string *>(data);
    auto *rule = static_cast<const modsecurity::RuleMessage *>(message);
    if (!line->empty()) *line += '\t';
    *line += std::to_string(rule->m_ruleId) + "=";
    for (unsigned char c : rule->m_data) {
        *line += digits[c >> 4];
        *line += digits[c & 15];
    }
}

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string field(std::istringstream &from) {
    std::string hex, out;
    from >> hex;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
    return out;
}

const unsigned char *bytes(const std::string &text) { return reinterpret_cast<const unsigned char *>(text.data()); }

}  // namespace

int main(int count, char **arguments) {
    if (count != 2) return 2;
    modsecurity::ModSecurity engine;
    engine.setServerLogCb(collect, modsecurity::RuleMessageLogProperty);
    modsecurity::RulesSet rules;
    if (rules.loadFromUri(arguments[1]) < 0) {
        std::cerr << rules.getParserError() << std::endl;
        return 1;
    }
    std::string input;
    while (std::getline(std::cin, input)) {
        std::istringstream from(input);
        std::string line;
        modsecurity::Transaction transaction(&engine, &rules, &line);
        transaction.processConnection("127.0.0.1", 40000, "127.0.0.1", 80);
        const std::string method = field(from), target = field(from), version = field(from);
        transaction.processURI(target.c_str(), method.c_str(), version.c_str());
        for (int left = std::stoi(field(from)); left > 0; left--) {
            const std::string name = field(from), value = field(from);
            transaction.addRequestHeader(bytes(name), name.size(), bytes(value), value.size());
        }
        transaction.processRequestHeaders();
        const std::string body = field(from);
        if (!body.empty()) transaction.appendRequestBody(bytes(body), body.size());
        transaction.processRequestBody();
        const int status = std::stoi(field(from));
        for (int left = std::stoi(field(from)); left > 0; left--) {
            const std::string name = field(from), value = field(from);
            transaction.addResponseHeader(bytes(name), name.size(), bytes(value), value.size());
        }
        transaction.processResponseHeaders(status, "HTTP/1.1");
        const std::string answer = field(from);
        if (!answer.empty()) transaction.appendResponseBody(bytes(answer), answer.size());
        transaction.processResponseBody();
        transaction.processLogging();
        std::cout << line << '\n';
    }
}
