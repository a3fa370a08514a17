#include "services/runner/frame_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace airlock::runner {
namespace {

using testing::ElementsAre;

TEST(FrameReaderTest, FramesAreCutWhateverThePieces) {
  const std::string bytes("\0\0\0\2ab\0\0\0\0\0\0\0\1c", 15);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameReader reader;
    std::vector<std::string> messages;
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
      EXPECT_TRUE(reader.Feed(std::string_view(bytes).substr(i, piece),
                              [&messages](std::string_view message) {
                                messages.emplace_back(message);
                                return true;
                              }));
    }
    EXPECT_THAT(messages, ElementsAre("ab", "", "c"));
    EXPECT_TRUE(reader.at_boundary());
  }
}

TEST(FrameReaderTest, TooLongAFrameIsRefusedByItsHeader) {
  FrameReader reader;

  EXPECT_FALSE(reader.Feed(std::string_view("\x00\x10\x00\x01", 4),
                           [](std::string_view) { return true; }));
}

TEST(FrameReaderTest, CutFrameIsNoBoundary) {
  FrameReader reader;
  ASSERT_TRUE(reader.Feed(std::string_view("\0\0\0\2a", 5),
                          [](std::string_view) { return true; }));

  EXPECT_FALSE(reader.at_boundary());
}

TEST(FrameReaderTest, HandlerMayStopTheReading) {
  FrameReader reader;
  int calls = 0;

  EXPECT_FALSE(reader.Feed(std::string_view("\0\0\0\1a\0\0\0\1b", 10),
                           [&calls](std::string_view) {
                             ++calls;
                             return false;
                           }));
  EXPECT_EQ(calls, 1);
}

// A writer into a pipe that nobody reads until the test does.
class FrameWriterTest : public testing::Test {
 protected:
  FrameWriterTest() {
    std::array<int, 2> ends = {-1, -1};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
  }

  std::string ReadAll() {
    std::string all;
    std::array<char, 65536> buffer;
    while (true) {
      const ssize_t count = ::read(read_.get(), buffer.data(), buffer.size());
      if (count <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  EventLoop loop_;
  UniqueFd read_;
  UniqueFd write_;
};

TEST_F(FrameWriterTest, ControlOvertakesDataButCutsNoFrame) {
  FrameWriter writer(loop_, write_.get(), [] {});
  writer.SendData(std::string(100'000, '1'));  // begun: a pipe holds less
  writer.SendData(std::string(10'000, '2'));
  writer.SendControl("control");

  std::string all = ReadAll();
  writer.FlushFor(std::chrono::milliseconds(0));
  all += ReadAll();

  EXPECT_EQ(all,
            std::string(100'000, '1') + "control" + std::string(10'000, '2'));
}

TEST_F(FrameWriterTest, RoomEndsAndComesBack) {
  FrameWriter writer(loop_, write_.get(), [] {});
  int rooms = 0;
  writer.AddRoomListener(this, [this, &rooms] {
    ++rooms;
    loop_.Stop(0);
  });
  while (writer.HasRoom()) writer.SendData(std::string(60'000, 'x'));

  // The loop writes while the pipe is read.
  Timer reader(loop_, [this, &reader] {
    ReadAll();
    reader.Arm(std::chrono::milliseconds(1));
  });
  reader.Arm(std::chrono::milliseconds(0));
  loop_.Run();

  EXPECT_EQ(rooms, 1);
  EXPECT_TRUE(writer.HasRoom());
}

TEST_F(FrameWriterTest, EachIsFirstToHearOfRoomInTurn) {
  FrameWriter writer(loop_, write_.get(), [] {});
  std::string order;
  int rooms = 0;
  const std::string names = "abc";
  for (const char& name : names) {
    writer.AddRoomListener(&name, [&order, name] { order += name; });
  }
  writer.RemoveRoomListener(&names[1]);
  writer.AddRoomListener(this, [this, &rooms] {
    if (++rooms == 3) loop_.Stop(0);
  });

  Timer turn(loop_, [this, &writer, &turn] {
    while (writer.HasRoom()) writer.SendData(std::string(60'000, 'x'));
    ReadAll();
    turn.Arm(std::chrono::milliseconds(1));
  });
  turn.Arm(std::chrono::milliseconds(0));
  loop_.Run();

  EXPECT_EQ(order, "accaac");
}

TEST_F(FrameWriterTest, UnreadControlFramesBreakIt) {
  bool broken = false;
  FrameWriter writer(loop_, write_.get(), [this, &broken] {
    broken = true;
    loop_.Stop(0);
  });
  writer.SendData(std::string(100'000, 'x'));
  for (int i = 0; i < 100; ++i) writer.SendControl(std::string(1000, 'c'));

  Timer tick(loop_, [] {});
  tick.Arm(std::chrono::milliseconds(0));
  loop_.Run();

  EXPECT_TRUE(broken);
}

TEST_F(FrameWriterTest, GoneReaderBreaksIt) {
  bool broken = false;
  FrameWriter writer(loop_, write_.get(), [this, &broken] {
    broken = true;
    loop_.Stop(0);
  });
  read_.Reset();
  writer.SendControl("x");

  Timer tick(loop_, [] {});
  tick.Arm(std::chrono::milliseconds(0));
  loop_.Run();

  EXPECT_TRUE(broken);
}

TEST(EventLoopTest, TimersComeInOrderUnlessDisarmed) {
  EventLoop loop;
  std::string order;
  Timer last(loop, [&] {
    order += "last";
    loop.Stop(0);
  });
  Timer never(loop, [&order] { order += "never"; });
  Timer first(loop, [&] {
    order += "first ";
    never.Disarm();
  });
  Timer again(loop, [&order] { order += "again "; });
  last.Arm(std::chrono::milliseconds(20));
  never.Arm(std::chrono::milliseconds(15));
  first.Arm(std::chrono::milliseconds(5));
  again.Arm(std::chrono::hours(1'000'000'000));
  again.Arm(std::chrono::milliseconds(10));

  loop.Run();

  EXPECT_EQ(order, "first again last");
}

TEST(EventLoopTest, TimerThatArmsItselfLeavesRoomForEvents) {
  EventLoop loop;
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  Timer timer(loop, [&] {
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    timer.Arm(std::chrono::milliseconds(0));
  });
  ASSERT_TRUE(loop.Add(ends[0], 1, [&loop](std::uint32_t) { loop.Stop(7); }));
  timer.Arm(std::chrono::milliseconds(0));

  EXPECT_EQ(loop.Run(), 7);
  for (const int end : ends) ::close(end);
}

TEST(EventLoopTest, HandlerMayRemoveAnotherOfTheSameBatch) {
  EventLoop loop;
  int calls = 0;
  std::array<std::array<int, 2>, 2> ends = {};
  for (auto& pair : ends) ASSERT_EQ(::pipe2(pair.data(), O_CLOEXEC), 0);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    ASSERT_EQ(::write(ends[i][1], "x", 1), 1);
    ASSERT_TRUE(loop.Add(ends[i][0], 1, [&, i](std::uint32_t) {
      ++calls;
      loop.Remove(ends[1 - i][0]);
      loop.Remove(ends[i][0]);
    }));
  }
  Timer stop(loop, [&loop] { loop.Stop(0); });
  stop.Arm(std::chrono::milliseconds(20));
  loop.Run();

  EXPECT_EQ(calls, 1);
  for (auto& pair : ends) {
    ::close(pair[0]);
    ::close(pair[1]);
  }
}

}  // namespace
}  // namespace airlock::runner
