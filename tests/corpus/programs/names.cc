/* SPDX-License-Identifier: MIT
 *
 * Bugs in C++, whose function names hold spaces, brackets and commas.
 */
#include "common.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

static void *volatile hidden;
static volatile size_t sink;

namespace
{
template <typename Key, typename Value> class Table
{
  public:
    Value take(const Key &key, std::pair<int, int> range) const
    {
        sink = sink + static_cast<size_t>(range.first);
        return *values_.find(key)->second;
    }
    void put(const Key &key, Value *value)
    {
        values_[key] = value;
    }

  private:
    std::map<Key, Value *> values_;
};

long *make_value(long number)
{
    auto *value = new long[4];
    value[0] = number;
    return value;
}

void drop_value(long *value)
{
    delete[] value;
    sink = sink + 1;
}

long *make_number(long number)
{
    return new long[8]{number};
}

void drop_number(long *value)
{
    delete[] value;
    sink = sink + 2;
}

void release_wrongly(long *value)
{
    free(value);
    sink = sink + 1;
}
} // namespace

static void take_dropped()
{
    Table<std::string, long> table;
    hidden = make_value(3);
    table.put("one", static_cast<long *>(hidden));
    drop_value(static_cast<long *>(hidden));
    sink = static_cast<size_t>(table.take("one", {1, 2}));
}

static void take_dropped_number()
{
    Table<int, long> table;
    hidden = make_number(3);
    table.put(1, static_cast<long *>(hidden));
    drop_number(static_cast<long *>(hidden));
    sink = static_cast<size_t>(table.take(1, {1, 2}));
}

static void free_of_new()
{
    hidden = make_value(9);
    release_wrongly(static_cast<long *>(hidden));
}

static void call_lambda()
{
    hidden = make_value(4);
    drop_value(static_cast<long *>(hidden));
    auto read = [](long *value, size_t at) { return value[at] + 1; };
    sink = static_cast<size_t>(read(static_cast<long *>(hidden), 2));
}

static const struct corpus_bug bugs[] = {
    {"take-dropped", take_dropped},
    {"take-dropped-number", take_dropped_number},
    {"free-of-new", free_of_new},
    {"call-lambda", call_lambda},
};

int main(int count, char **values)
{
    return corpus_main(count, values, bugs, sizeof(bugs) / sizeof(bugs[0]));
}
