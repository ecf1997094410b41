/* SPDX-License-Identifier: MIT
 *
 * A bug in other code whose functions are all called as those in names.cc: only the file differs.
 */
#include "common.h"

#include <list>
#include <string>

static void *volatile hidden;
static volatile size_t sink;

namespace
{
class Table
{
  public:
    long take(size_t at) const
    {
        sink = sink + at;
        return values_.front()[at];
    }
    void put(long *value)
    {
        values_.push_front(value);
    }

  private:
    std::list<long *> values_;
};

long *make_value(long number)
{
    return new long[2]{number, -number};
}

void drop_value(long *value)
{
    delete[] value;
    sink = sink + 3;
}
} // namespace

static void take_dropped_twin()
{
    Table table;
    hidden = make_value(5);
    table.put(static_cast<long *>(hidden));
    drop_value(static_cast<long *>(hidden));
    sink = static_cast<size_t>(table.take(1));
}

static const struct corpus_bug bugs[] = {
    {"take-dropped-twin", take_dropped_twin},
};

int main(int count, char **values)
{
    return corpus_main(count, values, bugs, sizeof(bugs) / sizeof(bugs[0]));
}
